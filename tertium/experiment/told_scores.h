#pragma once

#include <map>
#include <string>
#include <vector>

namespace tertium {

struct PreparedLanguage;
struct Work;

/// How workers tell each other the scores of a language: all need all of them, since answers decide what is patched.
class TellScores {
 public:
  explicit TellScores(const PreparedLanguage& language) : language_(language) {}

  void keep(std::size_t item, const std::vector<double>& scores);
  /// The scores of a work's items in bytes, which are not kept any longer. An item without scores has failed.
  std::string take(const Work& work);
  /// What another worker said so. Throws Error if it does not fit the work's items.
  std::vector<std::vector<double>> read(const Work& work, const std::string& told) const;

 private:
  const PreparedLanguage& language_;
  std::map<std::size_t, std::vector<double>> kept_;
};

}  // namespace tertium
