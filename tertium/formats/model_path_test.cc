#include "tertium/formats/model_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstdlib>
#include <map>
#include <optional>

#include "tests/support/files.h"

namespace tertium {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;

/// The variables that say where the cache is, put back as they were afterwards.
class Environment {
 public:
  Environment() {
    for (const char* name : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME", "HOME"}) {
      const char* value = std::getenv(name);
      before_[name] = value ? std::optional<std::string>(value) : std::nullopt;
      ::unsetenv(name);
    }
  }
  ~Environment() {
    for (const auto& [name, value] : before_)
      value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
  }
  void set(const char* name, const std::string& value) const { ::setenv(name, value.c_str(), 1); }

 private:
  std::map<std::string, std::optional<std::string>> before_;
};

class ModelPath : public testing::Test {
 protected:
  ModelPath() { environment.set("HF_HUB_CACHE", cache.string()); }

  /// Files of the snapshot `commit` of owner/name, as "main" unless it is asked for otherwise.
  void cache_files(const std::vector<std::string>& files, const std::string& reference = "main") const {
    for (const std::string& file : files) folder.write(snapshot / file, "x");
    if (!reference.empty()) folder.write(repository / "refs" / reference, commit);
  }
  static std::string refusal(const std::string& name) {
    const std::string message = test::error_of([&] { find_model(name); });
    EXPECT_THAT(message, HasSubstr(name));
    return message;
  }

  test::TempFolder folder;
  Environment environment;
  const std::string commit = "0123456789abcdef0123456789abcdef01234567";
  const fs::path cache = folder.path() / "hub";
  const fs::path repository = cache / "models--owner--a.model_1";
  const fs::path snapshot = repository / "snapshots" / commit;
  const std::string name = "owner/a.model_1";
};

TEST_F(ModelPath, AnExistingPathIsReturnedAsItIs) {
  const fs::path file = folder.write("model.gguf", "x");
  EXPECT_EQ(find_model(file.string()), file);
  EXPECT_EQ(find_model(folder.path().string()), folder.path());
}

TEST_F(ModelPath, ACachedRepositoryIsTheSnapshotOfMain) {
  cache_files({"config.json", "model.safetensors"});
  EXPECT_EQ(find_model(name), snapshot);
  folder.write(repository / "refs" / "main", commit + "\n");
  EXPECT_EQ(find_model(name), snapshot);
}

TEST_F(ModelPath, ARevisionIsAReferenceOrACommit) {
  cache_files({"config.json", "model.safetensors"}, "refs/pr/1");
  EXPECT_EQ(find_model(name + "@refs/pr/1"), snapshot);
  EXPECT_EQ(find_model(name + "@" + commit), snapshot);
  EXPECT_THAT(refusal(name), AllOf(HasSubstr("the revision main is not in " + repository.string()),
                                   EndsWith("hf download owner/a.model_1")));
  EXPECT_THAT(refusal(name + "@v2"), EndsWith("hf download owner/a.model_1 --revision v2"));
}

TEST_F(ModelPath, LinksIntoTheBlobsAreFollowed) {
  const fs::path blob = folder.write(repository / "blobs" / "abc", "x");
  cache_files({"config.json"});
  fs::create_symlink("../../blobs/abc", snapshot / "model.safetensors");
  EXPECT_EQ(find_model(name), snapshot);
  fs::remove(blob);
  EXPECT_THAT(refusal(name), HasSubstr("model.safetensors is missing"));
}

TEST_F(ModelPath, ShardsMustAllBeThere) {
  cache_files({"config.json", "model-1.safetensors"});
  folder.write(snapshot / "model.safetensors.index.json",
               R"({"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}})");
  EXPECT_THAT(refusal(name), AllOf(HasSubstr("only part of it is in " + snapshot.string()),
                                   HasSubstr("model-2.safetensors is missing"), EndsWith("hf download " + name)));
  cache_files({"model-2.safetensors"});
  EXPECT_EQ(find_model(name), snapshot);
}

TEST_F(ModelPath, AnIndexIsNotTrusted) {
  cache_files({"config.json"});
  for (const std::string& index : {std::string(), std::string("["), std::string("[]"), std::string(200'000, '[')}) {
    folder.write(snapshot / "model.safetensors.index.json", index);
    EXPECT_THAT(test::error_of([&] { find_model(name); }), HasSubstr("model.safetensors.index.json: "));
  }
  for (const char* index :
       {"{}", R"({"weight_map":3})", R"({"weight_map":{"a":1}})", R"({"weight_map":{"a":"../../x"}})"}) {
    folder.write(snapshot / "model.safetensors.index.json", index);
    EXPECT_EQ(find_model(name), snapshot) << index;  // the checkpoint's reader says what is wrong with it
  }
}

TEST_F(ModelPath, AnInterruptedDownloadSaysSo) {
  cache_files({"config.json", "tokenizer.json"});
  EXPECT_THAT(refusal(name), AllOf(HasSubstr("model.safetensors is missing; finish the download: hf download")));
  fs::remove(snapshot / "config.json");
  EXPECT_THAT(refusal(name), HasSubstr("config.json is missing"));
}

TEST_F(ModelPath, ASnapshotWithWeightsOfAnotherFormatSaysWhichAndHowToConvert) {
  cache_files({"config.json", "pytorch_model.bin"});
  EXPECT_THAT(refusal(name),
              AllOf(HasSubstr("holds its weights as pytorch_model.bin only"), HasSubstr("save_pretrained")));
}

TEST_F(ModelPath, AnAdapterIsCalledOneAndItsBaseNamed) {
  const fs::path adapter = folder.path() / "adapter";
  folder.write("adapter/adapter_config.json", R"({"base_model_name_or_path": "v/base"})");
  folder.write("adapter/adapter_model.safetensors", "x");
  EXPECT_EQ(refusal(adapter.string()),
            adapter.string() + ": is an adapter, not a model; name its base model (v/base), and this folder as the "
                               "adapter (--adapter)");
  EXPECT_EQ(find_adapter(adapter.string()), adapter);
  folder.write("adapter/config.json", "{}");
  EXPECT_THAT(refusal(adapter.string()),
              AllOf(HasSubstr("holds an adapter (adapter_config.json, adapter_model.safetensors) beside a model"),
                    HasSubstr("move its files to a folder of their own")));
  cache_files({"adapter_config.json"});
  folder.write(snapshot / "adapter_config.json", "{}");
  EXPECT_EQ(find_adapter(name), snapshot);
  EXPECT_THAT(test::error_of([&] { find_model(name); }), HasSubstr("is an adapter, not a model"));
}

TEST_F(ModelPath, AFolderWithoutWeightsIsToldApartByWhatItHolds) {
  const fs::path model = folder.path() / "m";
  fs::create_directory(model);
  EXPECT_THAT(without_weights(model), HasSubstr("holds no weights"));
  for (const auto& [file, says] : {std::pair{"other.safetensors", "holds other.safetensors, but no model.safetensors"},
                                   {"m-Q8_0.gguf", "name the GGUF file in it, m-Q8_0.gguf"},
                                   {"pytorch_model-00001-of-00002.bin", "as pytorch_model-00001-of-00002.bin only"},
                                   {"model-00002-of-00002.safetensors", "but not model.safetensors.index.json"}}) {
    folder.write(model / file, "x");
    EXPECT_THAT(without_weights(model), HasSubstr(says));
  }
}

TEST_F(ModelPath, ASnapshotWithOneGgufModelIsThatFile) {
  cache_files({"README.md", "m-Q8_0.gguf"});
  EXPECT_EQ(find_model(name), snapshot / "m-Q8_0.gguf");
  cache_files({"config.json"});  // some of these repositories have one
  EXPECT_EQ(find_model(name), snapshot / "m-Q8_0.gguf");
  cache_files({"m-Q4_0.gguf"});
  EXPECT_THAT(refusal(name), HasSubstr("holds 2 GGUF models; give the path of one of them, for example " +
                                       (snapshot / "m-Q4_0.gguf").string()));
}

TEST_F(ModelPath, ASplitGgufModelIsItsFirstFile) {
  cache_files({"m-00001-of-00002.gguf"});
  EXPECT_THAT(refusal(name), HasSubstr("m-00002-of-00002.gguf is missing"));
  cache_files({"m-00002-of-00002.gguf"});
  EXPECT_EQ(find_model(name), snapshot / "m-00001-of-00002.gguf");
}

TEST_F(ModelPath, ANameThatIsNowhereSaysWhereItWasLookedFor) {
  EXPECT_EQ(
      refusal("owner/absent"),
      fmt::format("owner/absent: there is no such path, and no such repository in {}; check the path, or download "
                  "it: hf download owner/absent",
                  cache.string()));
}

TEST_F(ModelPath, ANameThatIsNoRepositoryIsRefused) {
  for (const char* bad :
       {"absent", "a/b/c",      "../x",   "a/..",   "a/b..c", "/absent/b", "a/",   "/b ",  "a b/c", "a/b@",
        "a/b@..", "a/b@x/../y", "a/b@/x", "a/b@x/", "a--b/c", "a/b;rm",    ".a/b", "a/-b", "a/.",   "~/x"})
    EXPECT_THAT(refusal(bad), HasSubstr("no such path, and it is no repository")) << bad;
  EXPECT_THAT(test::error_of([] { find_model("a\nb"); }), HasSubstr("a\\u000ab: there is no such path"));
  test::error_of([] { find_model(""); });
  EXPECT_NE(test::error_of([] { find_model("a/" + std::string(5000, 'b')); }), "");
}

TEST_F(ModelPath, AReferenceMustHoldAPlainName) {
  cache_files({"config.json", "model.safetensors"});
  for (const std::string& bad :
       std::vector<std::string>{"..", "../..", "a/b", "/etc", ".", std::string("a\0b", 3), "\n"}) {
    folder.write(repository / "refs" / "main", bad);
    EXPECT_THAT(test::error_of([&] { find_model(name); }), HasSubstr("refs/main: holds \"")) << bad;
  }
  folder.write(repository / "refs" / "main", std::string(10000, 'a'));
  EXPECT_THAT(refusal(name), HasSubstr("the revision main is not in"));
}

TEST_F(ModelPath, TheCacheIsWhereTheEnvironmentSays) {
  environment.set("HOME", "/somebody");
  environment.set("HF_HUB_CACHE", "");
  EXPECT_EQ(hugging_face_cache(), "/somebody/.cache/huggingface/hub");
  environment.set("XDG_CACHE_HOME", "/xdg");
  EXPECT_EQ(hugging_face_cache(), "/xdg/huggingface/hub");
  environment.set("HF_HOME", "~/hf");
  EXPECT_EQ(hugging_face_cache(), "/somebody/hf/hub");
  environment.set("HUGGINGFACE_HUB_CACHE", "/old");
  EXPECT_EQ(hugging_face_cache(), "/old");
  environment.set("HF_HUB_CACHE", "~");
  EXPECT_EQ(hugging_face_cache(), "/somebody");
}

}  // namespace
}  // namespace tertium
