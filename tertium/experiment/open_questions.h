#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "tertium/base/progress.h"
#include "tertium/experiment/experiment.h"
#include "tertium/experiment/run.h"

namespace tertium {

struct ChatTemplate;
class Engine;
class TomlTable;
struct UnitCount;

/// A [[task]] table named "generate".
GenerateSpec read_generate_keys(TomlTable& table, const std::string& pivot);

/// Where a language's questions lie.
std::filesystem::path questions_file(const GenerateSpec& spec, const std::string& language);

/// One language's questions, before they are encoded.
struct QuestionTexts {
  std::string language;
  std::vector<OpenQuestion> questions;
};
/// The pivot's, up to the limit, then those of the others with its ids in its order. Throws Error naming the file that
/// lacks one.
std::vector<QuestionTexts> read_question_texts(const GenerateSpec& spec, const std::string& pivot);

/// A question as the model reads it, and what stands between it and an answer. `chat`: null without a template.
struct OpenPrompt {
  std::string text, between;
};
OpenPrompt open_prompt(const OpenQuestion& question, const ChatTemplate* chat);

/// One language's questions, and as the model is asked them: the prompt, and behind it the first answer, whose
/// log-probability is read where it is no pattern.
struct AskedQuestions {
  std::string language;
  std::vector<OpenQuestion> questions;
  std::vector<Question> asked;  // [questions]
};

/// A task of open answers; every language has the pivot's questions, by id. Nothing has run yet.
struct PreparedQuestions {
  GenerateSpec spec;
  AskedQuestions pivot;
  std::vector<AskedQuestions> others;
  std::vector<std::filesystem::path> files;
};

/// Nothing if the experiment has no such task. Throws Error naming file and line, also for an id that the pivot's file
/// has and another lacks, and for a prompt that is too long for the model with what may be generated.
std::optional<PreparedQuestions> prepare_questions(const Experiment& experiment, const Tokenizer& tokenizer,
                                                   const Limits& limits);

/// The stages of run_questions (stages.h).
std::vector<std::string> question_stages(const PreparedQuestions& questions);

/// Generates every answer, and stores it with whether it is right, as a score of protocol "correct" (store.h).
void run_questions(const PreparedQuestions& questions, const Tokenizer& tokenizer, const Engine& engine, Store& store,
                   const Progress& progress, const RunControl& control, RunOutcome& outcome);

/// Adds how many of their units are done, and how many there are.
void count_questions(const PreparedQuestions& questions, const Engine& engine, const Store& store,
                     const RunControl& control, UnitCount& count);

}  // namespace tertium
