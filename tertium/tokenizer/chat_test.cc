#include "tertium/tokenizer/chat.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "tests/support/files.h"
#include "tests/support/gguf_builder.h"

namespace tertium {
namespace {

using test::error_of;
using Messages = std::vector<Message>;

constexpr std::int64_t kDay = 1721952000;  // 26 July 2024, a Friday
const Messages kQuestion = {{"user", " Hello, wörld! "}};
const Messages kTalk = {{"system", "Be brief. "}, {"user", "1+1?"}, {"assistant", " 2 "}, {"user", "And\n2+2?"}};

std::string render(const std::string& text, const Messages& messages, bool add_generation_prompt = true) {
  return render_chat({text, {{"bos_token", "<bos>"}, {"eos_token", "</s>"}}, "test"}, messages, add_generation_prompt,
                     kDay);
}

// The expected texts below are what transformers 5.23 gives. The templates are ours, with the constructs of the
// models'.

const std::string chatml = R"({%- if messages[0]['role'] == 'system' %}
    {{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}
{%- else %}
    {{- '<|im_start|>system\nBe helpful.<|im_end|>\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if message.role == "user" or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %}
)";

TEST(Chat, WritesChatMl) {
  EXPECT_EQ(render(chatml, kQuestion),
            "<|im_start|>system\nBe helpful.<|im_end|>\n<|im_start|>user\n Hello, wörld! <|im_end|>\n"
            "<|im_start|>assistant\n");
  EXPECT_EQ(render(chatml, kTalk, false),
            "<|im_start|>system\nBe brief. <|im_end|>\n<|im_start|>user\n1+1?<|im_end|>\n"
            "<|im_start|>assistant\n 2 <|im_end|>\n<|im_start|>user\nAnd\n2+2?<|im_end|>\n");
}

const std::string headers = R"({{- bos_token }}
{%- if strftime_now is defined %}
  {%- set date_string = strftime_now("%d %b %Y") %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
  {%- set system_message = messages[0]['content']|trim %}
  {%- set messages = messages[1:] %}
{%- else %}
  {%- set system_message = "" %}
{%- endif %}
{{- "<|header|>system\n\n" }}
{%- if tools is not none %}
  {{- "Tools\n" }}
{%- endif %}
{{- "Today Date: " + date_string + "\n\n" + system_message + "<|eot|>" }}
{%- for message in messages %}
    {{- '<|header|>' + message['role'] + '\n\n' + message['content'] | trim + '<|eot|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
  {{- '<|header|>assistant\n\n' }}
{%- endif %}
)";

TEST(Chat, WritesHeadersAndTheDateAsLlamasDo) {
  EXPECT_EQ(render(headers, kTalk),
            "<bos><|header|>system\n\nToday Date: 26 Jul 2024\n\nBe brief.<|eot|><|header|>user\n\n1+1?<|eot|>"
            "<|header|>assistant\n\n2<|eot|><|header|>user\n\nAnd\n2+2?<|eot|><|header|>assistant\n\n");
}

const std::string turns =
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('No system role') }}{% endif %}"
    "{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Roles must alternate') }}{% endif %}"
    "{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}"
    "{% endif %}{{ '<turn>' + role + '\n' + message['content'] | trim + '<end>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{'<turn>model\n'}}{% endif %}";

TEST(Chat, WritesTurnsAsGemmasDo) {
  EXPECT_EQ(render(turns, kQuestion), "<bos><turn>user\nHello, wörld!<end>\n<turn>model\n");
}

TEST(Chat, ATemplatesRefusalNamesItAndItsLine) {
  EXPECT_EQ(error_of([] { render(turns, kTalk); }), "test: the chat template: line 1: No system role");
  EXPECT_EQ(error_of([] {
              render(turns, {{"assistant", "x"}});
            }),
            "test: the chat template: line 1: Roles must alternate");
}

const std::string instructions = R"({%- if messages[0]["role"] == "system" %}
  {%- set system_message = messages[0]["content"] %}
  {%- set loop_messages = messages[1:] %}
{%- else %}
  {%- set loop_messages = messages %}
{%- endif %}
{%- set ns = namespace(index=0) %}
{%- for message in loop_messages | selectattr("role", "equalto", "user") | list %}
  {%- set ns.index = ns.index + 1 %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
  {%- if message["role"] == "user" %}
    {%- if loop.last and system_message is defined %}
      {{- "[INST] " + system_message + "\n\n" + message["content"] + "[/INST]" }}
    {%- else %}
      {{- "[INST] " + message["content"] + "[/INST]" }}
    {%- endif %}
  {%- else %}
    {{- " " + message["content"]|trim + eos_token }}
  {%- endif %}
{%- endfor %}
{{- ns.index }})";

TEST(Chat, WritesInstructionsAsMistralsDo) {
  EXPECT_EQ(render(instructions, kTalk), "<bos>[INST] 1+1?[/INST] 2</s>[INST] Be brief. \n\nAnd\n2+2?[/INST]2");
}

TEST(Chat, KnowsWhatPythonKnows) {
  EXPECT_EQ(render("{{ messages | tojson }}", {{"user", "é <b> \"it's\""}}),
            R"([{"role": "user", "content": "é <b> \"it's\""}])");
  EXPECT_EQ(render("{{ [1, none, true, {}] | tojson }} {{ none }} {{ true }} {{ missing }}", {}),
            "[1, null, true, {}] None True ");
  EXPECT_EQ(render("{{ {'a': [1, 2]} | tojson(indent=2) }}", {}), "{\n  \"a\": [\n    1,\n    2\n  ]\n}");
  EXPECT_EQ(render("{{ ' a b '.strip().split(' ') | join('+') }} {{ {'k': 'v'}.get('x', 'y') }}", {}), "a+b y");
  EXPECT_EQ(render("{% macro q(x) %}<{{ x }}>{% endmacro %}{% for m in messages %}{{ q(m.role) }}{% break %}"
                   "{% endfor %}",
                   kTalk),
            "<system>");
  EXPECT_EQ(render("{% generation %}\nx{%- endgeneration -%} y", {}), "xy");
  EXPECT_EQ(render("  {% if true %}\n  x\n  {% endif %}\ny\n", {}), "  x\ny");
  EXPECT_EQ(render("{{ strftime_now('%Y-%m-%d %A %j %H:%M') }}", {}), "2024-07-26 Friday 208 00:00");
}

// ---- Robustness

TEST(Chat, TemplatesThatRunWithoutEndAreStopped) {
  for (const char* text :
       {"{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}"
        "{% endfor %}{% endfor %}",
        "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{{ 'x' * 99999999999999 }}",
        "{{ range(99999999999) | list }}"})
    EXPECT_TRUE(error_of([&] { render(text, {}); }).starts_with("test: the chat template: ")) << text;
}

TEST(Chat, BadTemplatesAreOneLine) {
  for (const char* text : {"{% if %}", "{{ ", "{% for x in %}", "{{ nothing() }}", "{{ missing.a.b }}", "\xff",
                           "{% include 'x' %}", "{{ 1 // 0 }}"})
    EXPECT_TRUE(error_of([&] { render(text, {}); }).starts_with("test: the chat template: ")) << text;
  EXPECT_NE(error_of([] { render(chatml, {{"user", "\xff"}}); }).find("not UTF-8"), std::string::npos);
  const std::string deep(100000, '(');
  EXPECT_NE(error_of([&] { render("{{ " + deep, {}); }), "");
}

// ---- Where templates lie

class ChatFolder : public test::FolderTest {};

TEST_F(ChatFolder, HasItsTemplateInTheConfigurationOrAFile) {
  temporary.write(
      "tokenizer_config.json",
      R"({"bos_token":"<s>","eos_token":{"content":"</s>"},"pad_token":null,"chat_template":"{{ bos_token }}a{{ eos_token }}"})");
  EXPECT_EQ(render_chat(ChatTemplate::open(folder), {}, false), "<s>a</s>");
  temporary.write("chat_template.jinja", "b{{ bos_token }}");
  EXPECT_EQ(render_chat(ChatTemplate::open(folder), {}, false), "b<s>");
}

TEST_F(ChatFolder, MayHaveANamedDefault) {
  temporary.write("tokenizer_config.json",
                  R"({"chat_template":[{"name":"tool_use","template":"x"},{"name":"default","template":"y"}]})");
  EXPECT_EQ(render_chat(ChatTemplate::open(folder), {}, false), "y");
  temporary.write("tokenizer_config.json", R"({"chat_template":[{"name":"tool_use","template":"x"}]})");
  EXPECT_NE(error_of([&] { ChatTemplate::open(folder); }).find("tokenizer_config.json: \"chat_template\""),
            std::string::npos);
}

// What transformers 5.23 takes.

TEST_F(ChatFolder, NamedTemplatesMayBeAnObjectAndTheLastOfANameCounts) {
  temporary.write("tokenizer_config.json", R"({"chat_template":{"default":"x","tool_use":"y"}})");
  EXPECT_EQ(ChatTemplate::open(folder).text, "x");
  temporary.write("tokenizer_config.json",
                  R"({"chat_template":[{"name":"default","template":"x"},{"name":"default","template":"y"}]})");
  EXPECT_EQ(ChatTemplate::open(folder).text, "y");
  temporary.write("tokenizer_config.json", R"({"chat_template":[{"name":"default","template":"x"},{"name":"rag"}]})");
  EXPECT_NE(error_of([&] { ChatTemplate::open(folder); }).find("tokenizer_config.json: \"chat_template\""),
            std::string::npos);
}

TEST_F(ChatFolder, FurtherTemplatesNeedTheDefaultFile) {
  temporary.write("tokenizer_config.json", R"({"chat_template":"x"})");
  temporary.write("additional_chat_templates/rag.jinja", "y");
  EXPECT_NE(error_of([&] { ChatTemplate::open(folder); }).find("additional_chat_templates: "), std::string::npos);
  temporary.write("chat_template.jinja", "z");
  EXPECT_EQ(ChatTemplate::open(folder).text, "z");
}

TEST_F(ChatFolder, AProcessorsTemplateIsNotTheTokenizers) {
  temporary.write("chat_template.json", R"({"chat_template":"x"})");
  EXPECT_NE(error_of([&] { ChatTemplate::open(folder); }).find("chat_template.json: is a processor's"),
            std::string::npos);
  temporary.write("tokenizer_config.json", R"({"chat_template":"y"})");
  EXPECT_EQ(ChatTemplate::open(folder).text, "y");
}

TEST_F(ChatFolder, ErrorsNameTheTemplatesFile) {
  temporary.write("tokenizer_config.json", R"({"chat_template":"{{ 1 // 0 }}"})");
  const auto error = [&] { return error_of([&] { render_chat(ChatTemplate::open(folder), {}, false); }); };
  EXPECT_TRUE(error().starts_with((folder / "tokenizer_config.json").string() + ": the chat template: line 1"))
      << error();
  temporary.write("chat_template.jinja", "\n{% if %}");
  EXPECT_TRUE(error().starts_with((folder / "chat_template.jinja").string() + ": the chat template: line 2"))
      << error();
}

TEST_F(ChatFolder, WithoutATemplateSaysSo) {
  EXPECT_NE(error_of([&] { ChatTemplate::open(folder); }).find("without a chat template"), std::string::npos);
  EXPECT_NE(error_of([&] { ChatTemplate::open(folder / "none"); }).find("no such file"), std::string::npos);
}

TEST_F(ChatFolder, GgufHasItInItsMetadata) {
  test::GgufBuilder gguf;
  gguf.text("tokenizer.chat_template", "{{ bos_token }}c").pair("tokenizer.ggml.bos_token_id", 4, test::encoded(1U));
  gguf.array("tokenizer.ggml.tokens", 8, 2, test::encoded_text("a") + test::encoded_text("<s>"));
  EXPECT_EQ(render_chat(ChatTemplate::open(temporary.write("m.gguf", gguf.bytes())), {}, false), "<s>c");
}

TEST(Chat, OfTheRealModelIsItsOwn) {
  const auto file = test::source_folder() / ".deps/models/smollm2-135m/SmolLM2-135M-Instruct.Q4_1.gguf";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "SKIPPED: needs " << file;
  EXPECT_EQ(render_chat(ChatTemplate::open(file), kQuestion, true),
            "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
            "<|im_start|>user\n Hello, wörld! <|im_end|>\n<|im_start|>assistant\n");
}

}  // namespace
}  // namespace tertium
