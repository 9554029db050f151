#pragma once

#include <string>

namespace tertium {

class Store;

/// What a results folder holds, as a run ends with it. `by`: "category" repeats the summary for each category's items.
void print_results(const Store& store, const std::string& by);

/// The values of `by`, and what a command says of the option.
inline constexpr char kBy[] = "category";
inline constexpr char kByHelp[] = "Repeat the summary for the items of each category";

}  // namespace tertium
