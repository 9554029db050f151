#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "tertium/experiment/experiment.h"
#include "tertium/tasks/item.h"

namespace tertium {

/// The texts of one language.
struct ItemsAndPool {
  std::string language;
  std::vector<Item> items;  // parallel to the pivot's
  std::vector<Item> pool;   // what examples are taken from, likewise
};

/// The texts of one task, as they are before they are encoded.
struct TaskItems {
  std::vector<ItemsAndPool> languages;         // the pivot first
  std::vector<std::vector<std::size_t>> shots;  // [items] indices into the pool; empty without few-shot
  std::set<std::filesystem::path> files;
};

/// Reads them. Throws Error naming file, line or item.
TaskItems read_task_texts(const TaskSpec& spec, const std::string& pivot);

/// What stands before each item of a language; empty without few-shot.
std::vector<std::vector<Item>> examples_of(const TaskItems& task, const ItemsAndPool& language);

}  // namespace tertium
