#include "fuzz/folder.h"

#include <stdlib.h>

#include <cmath>
#include <fstream>
#include <system_error>

#include "tertium/engine/engine.h"
#include "tertium/model/checkpoint.h"
#include "tertium/model/model.h"

namespace tertium::fuzz {
namespace {

namespace fs = std::filesystem;

struct Folder {
  fs::path path;
  Folder() {
    char name[] = "/dev/shm/tertium_fuzz_XXXXXX";
    demand(::mkdtemp(name), "a folder can be made");
    path = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

/// What a run promises of a model that loads.
void run(const Engine& engine) {
  const Config& config = engine.model().config();
  Job job{.name = "input"};
  job.strands = {{.tokens = {0, config.vocabulary - 1, config.vocabulary / 2}}};
  job.recordings = {{0, 0, 3, Quantity::resid}, {0, 0, 3, Quantity::attn_out}};
  job.readings = {{0, 2, Readout::logits, {}}};
  const JobResult result = engine.run(job);
  demand(result.readings[0].size() == static_cast<std::size_t>(config.vocabulary), "a logit for each word");
  for (const std::vector<float>& recorded : result.recordings)
    for (const float value : recorded) demand(std::isfinite(value), "a state is finite, or an error");
}

}  // namespace

const fs::path& empty_folder() {
  static const Folder folder;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder.path)) fs::remove_all(entry.path());
  return folder.path;
}

void write(const fs::path& file, std::string_view bytes) {
  std::ofstream stream(file, std::ios::binary);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  demand(stream.good(), "a file can be written");
}

std::vector<std::string_view> parts(Input input, std::size_t count) {
  std::string_view rest(reinterpret_cast<const char*>(input.data()), input.size());
  std::vector<std::string_view> parts;
  while (parts.size() + 1 < count) {
    const std::size_t end = rest.find('\0');
    parts.push_back(rest.substr(0, end));
    rest = end == rest.npos ? std::string_view() : rest.substr(end + 1);
  }
  parts.push_back(rest);
  return parts;
}

void use_model(const fs::path& model) {
  set_threads(1);
  read_or_refuse([&] {
    const Checkpoint checkpoint(model);
    checkpoint.bytes();
    checkpoint.parameters();
    for (const std::string& line : checkpoint.left_aside()) demand(line.find('\n') == line.npos, "a note is one line");
  });
  for (const char* dtype : {"f32", "bf16"}) read_or_refuse([&] { run(Engine(Model::load(model, dtype))); });
}

}  // namespace tertium::fuzz
