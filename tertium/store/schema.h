#pragma once

#include <filesystem>

#include "tertium/store/folder_lock.h"
#include "tertium/store/sqlite.h"

namespace tertium {

/// Makes the folder. Throws Error as Store::create does, but leaves results that are there as they are.
void demand_free(const std::filesystem::path& folder, bool replace);

/// A new results.db with empty tables, and a transaction begun; the lock says that a run writes there.
struct NewResults {
  FolderLock lock;
  Connection connection;
};
/// Throws Error as Store::create does.
NewResults create_results(const std::filesystem::path& folder, bool replace);

/// The results.db of a folder, checked to be ours, whole and of this version, within a read transaction: all queries see the
/// same rows.
Connection open_results(const std::filesystem::path& folder);

/// Whether the file's layout has a table at all; older ones lack some.
bool has_table(const Connection& connection, const std::string& name);

}  // namespace tertium
