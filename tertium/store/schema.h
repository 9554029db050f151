#pragma once

#include <filesystem>

#include "tertium/store/folder_lock.h"
#include "tertium/store/sqlite.h"

namespace tertium {

/// Throws Error as Store::create does, but makes no folder and leaves results that are there as they are. Returns who
/// left a lock there (FolderLock).
std::string demand_free(const std::filesystem::path& folder, bool replace);

/// Whether it holds a results.db with tables in it, of whatever program.
bool has_results(const std::filesystem::path& folder);

/// A results.db that is written, and a transaction begun; the lock says that a run writes there.
struct WrittenResults {
  FolderLock lock;
  Connection connection;
};
/// With empty tables. Throws Error as Store::create does.
WrittenResults create_results(const std::filesystem::path& folder, bool replace);
/// With what is in it. Throws Error as Store::resume does.
WrittenResults resume_results(const std::filesystem::path& folder);

/// Puts a results.db that is whole and closed into another folder. Throws Error as Store::create does.
void move_results(const std::filesystem::path& from, const std::filesystem::path& to, bool replace);

enum class OldLayouts { read, refuse };
/// The results.db of a folder, checked to be ours, whole and of this version, within a read transaction: all queries see the
/// same rows.
Connection open_results(const std::filesystem::path& folder, OldLayouts older = OldLayouts::read);

/// Whether the file's layout has a table at all; older ones lack some.
bool has_table(const Connection& connection, const std::string& name);
/// How many rows a table has; none where the layout lacks it.
std::int64_t rows_in(const Connection& connection, const std::string& name);

}  // namespace tertium
