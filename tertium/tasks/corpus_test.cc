#include "tertium/tasks/corpus.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/files.h"

namespace tertium {
namespace {

using test::error_of;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> texts(const std::vector<Sentence>& sentences) {
  std::vector<std::string> texts;
  for (const Sentence& sentence : sentences) texts.push_back(sentence.text);
  return texts;
}

class Corpus : public test::FolderTest {};

TEST_F(Corpus, IsASentenceALine) {
  temporary.write("deu_Latn.devtest", "\xEF\xBB\xBF Guten Tag. \r\nDer Tee ist\u00a0kalt.\u3000\n\n");
  const CorpusFile file = corpus_file(folder, "deu_Latn", "");
  const std::vector<Sentence> sentences = read_sentences(file, "deu_Latn");
  EXPECT_THAT(texts(sentences), ElementsAre("Guten Tag.", "Der Tee ist\u00a0kalt."));
  EXPECT_EQ(sentences[1].where, file.path.string() + ":2");
}

TEST_F(Corpus, IsTakenFromTheFirstSplitThatIsThereOrTheOneAskedFor) {
  temporary.write("it.txt", "a\n");
  temporary.write("it.dev", "b\n");
  EXPECT_EQ(corpus_file(folder, "it", "").path, folder / "it.dev");
  EXPECT_EQ(corpus_file(folder, "it", "txt").path, folder / "it.txt");
  EXPECT_THAT(error_of([&] { corpus_file(folder, "it", "test"); }), HasSubstr("holds none of it.test"));
  EXPECT_THAT(error_of([&] { corpus_file(folder, "de", ""); }), HasSubstr("holds none of de.devtest, de.dev, de.txt"));
}

TEST_F(Corpus, IsAColumnOfATsvFile) {
  const std::filesystem::path path = temporary.write("pairs.tsv", "eng\tdeu\nTea.\tTee.\nMilk.\t Milch.\n");
  const CorpusFile file = corpus_file(path, "deu", "");
  EXPECT_THAT(texts(read_sentences(file, "deu")), ElementsAre("Tee.", "Milch."));
  EXPECT_THAT(error_of([&] { read_sentences(file, "fra"); }), HasSubstr("no column \"fra\""));
  EXPECT_THAT(error_of([&] { corpus_file(path, "deu", "dev"); }), HasSubstr("a file has no split"));
}

TEST_F(Corpus, WithAnEmptySentenceIsRefusedByItsLine) {
  const std::filesystem::path path = temporary.write("it.txt", "uno\n \t\ntre\n");
  EXPECT_THAT(error_of([&] { read_sentences({path}, "it"); }), HasSubstr("it.txt:2: is empty"));
  const std::filesystem::path table = temporary.write("pairs.tsv", "en\tit\none\tuno\ntwo\t\n");
  EXPECT_THAT(error_of([&] { read_sentences({table, true}, "it"); }), HasSubstr("pairs.tsv:3: is empty"));
}

TEST_F(Corpus, ThatIsNotUtf8IsRefused) {
  const std::filesystem::path path = temporary.write("it.txt", "uno\n\xff\n");
  EXPECT_THAT(error_of([&] { read_sentences({path}, "it"); }), HasSubstr("UTF-8"));
}

}  // namespace
}  // namespace tertium
