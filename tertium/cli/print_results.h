#pragma once

#include <string>

namespace tertium {

class Store;

/// How much of an analysis is printed.
enum class Detail {
  picture,  // print_picture.h
  tables,   // print_tables of print_analysis.h
};

/// What a results folder holds. `by`: "category" repeats it for each category's items.
void print_results(const Store& store, const std::string& by, Detail detail);

/// The values of `by`, and what a command says of the option.
inline constexpr char kBy[] = "category";
inline constexpr char kByHelp[] = "Repeat it for the items of each category";

}  // namespace tertium
