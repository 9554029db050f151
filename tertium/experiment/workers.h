#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace tertium {

// Where several workers share a run, each writes to results of its own, DIR/workers/NAME, so that every file has one
// writer. Joining them into DIR is a matter of rows: units know what they are, whoever computed them.

/// DIR/workers
std::filesystem::path workers_folder(const std::filesystem::path& out);

/// Makes the results of a worker, or goes on with them; they hold what DIR knows of items, answers and units, but not
/// the rows that nobody needs. Throws Error as Store::create and Store::resume do.
std::filesystem::path make_worker(const std::filesystem::path& out, const std::string& name);

/// What became of the workers' results.
struct Joined {
  std::vector<std::string> workers;  // whose rows are in DIR now; theirs are gone
  std::vector<std::string> writing;  // who are still writing: "3 (process 4711 on node7)"
  double seconds = 0;                // the longest that one took, all goes together
};

/// Adds the rows of all workers' results to those in DIR, which are made where there are none. Each worker's folder is
/// removed once its rows are stored, so that joining again does nothing. Throws Error, before anything is changed,
/// naming a worker whose results were made from other inputs, and which.
Joined join_workers(const std::filesystem::path& out);

/// Removes all workers' results. Throws Error if one is still writing.
void discard_workers(const std::filesystem::path& out);

}  // namespace tertium
