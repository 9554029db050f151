#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tertium/tokenizer/chat.h"
#include "tests/support/files.h"

namespace tertium {
namespace {

// Templates that are short and ask for ever more steps, memory or depth.

std::string refusal(const std::string& text) {
  const auto begin = std::chrono::steady_clock::now();
  const std::string error = test::error_of([&] { render_chat({text, {}, "test"}, {}, true, 0); });
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  EXPECT_LT(seconds.count(), 20.0) << text.substr(0, 200);
  EXPECT_TRUE(error.starts_with("test: the chat template: ")) << text.substr(0, 200) << " gives: " << error;
  EXPECT_EQ(error.find('\n'), error.npos);
  return error;
}

std::string repeated(const std::string& part, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += part;
  return text;
}

TEST(ChatLimits, StepsEnd) {
  for (const char* text :
       {"{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}"
        "{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
        "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}"
        "{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x < ns.y }}",
        "{% set ns = namespace(x=(1,)) %}{% for i in range(60) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}{{ {ns.x: 1} }}",
        "{% set l = range(90000)|list %}{% for i in l %}{{ -1 in l }}{% endfor %}"})
    EXPECT_NE(refusal(text).find("steps"), std::string::npos) << text;
}

TEST(ChatLimits, MemoryEnds) {
  for (const char* text :
       {"{{ 'x' * 1000000000 }}",
        "{{ 'x' * 99999999999999999999 }}",
        "{{ [1] * 1000000000 }}",
        "{% set x = 'a' * 100000 %}{{ x.replace('a', x) | length }}",
        "{% set x = 'a' * 100000 %}{{ x | replace('a', x) | length }}",
        "{% set x = 'a' * 100000 %}{{ x.replace('', x) }}",
        "{% set x = 'a' * 100000 %}{{ x.join(x) }}",
        "{% set x = 'a' * 100000 %}{{ x | join(x) }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
        "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x|tojson }}",
        "{{ '%999999999d' % 1 }}",
        "{{ '%*d' % (999999999999, 1) }}",
        "{{ '%.999999999f' % 1.5 }}",
        "{{ '%.999999999d' % 1 }}",
        "{{ '{:999999999}'.format(1) }}",
        "{{ '{:.999999999f}'.format(1.5) }}",
        "{{ 'a'.center(1000000000) }}",
        "{{ 'a' | center(1000000000) }}",
        "{{ 'a'.ljust(1000000000) }}",
        "{{ 'a'.zfill(1000000000) }}",
        "{{ '\t'.expandtabs(1000000000) }}",
        "{{ 'a\nb' | indent(1000000000) }}",
        "{{ [1] | batch(1000000000, 1) | list }}",
        "{{ [1] | slice(1000000000) | list }}",
        "{{ [[1]] | tojson(indent=1000000000) }}",
        "{% set x = ' ' * 100000 %}{{ range(90000) | list | tojson(indent=x) }}",
        "{% set x = 'é' * 1000000 %}{% for i in range(10000) %}{{ x | list | length }}{% endfor %}",
        "{{ range(99999999999) | list }}",
        "{% for i in range(90000) %}{% for j in range(90000) %}{{ 'x' * 10000 }}{% endfor %}{% endfor %}"})
    refusal(text);
}

TEST(ChatLimits, DepthEnds) {
  const std::vector<std::string> texts = {
      "{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
      "{% set ns = namespace(x={}) %}{% for i in range(90000) %}{% set ns.x = {1: ns.x} %}{% endfor %}",
      "{% set ns = namespace(x=()) %}{% for i in range(90000) %}{% set ns.x = (ns.x,) %}{% endfor %}",
      "{% set ns = namespace(x=[]) %}{% for i in range(90000) %}{% set ns.x = [ns.x] | map('list') %}{% endfor %}",
      "{% set ns = namespace(x=[]) %}{% for i in range(90000) %}{% set ns.x = cycler(ns.x) %}{% endfor %}",
      "{% set ns = namespace(x=[]) %}{% for i in range(90000) %}{% set ns.x = [ns.x].count %}{% endfor %}",
      "{% set ns = namespace(x=[]) %}{% set ns.x = [ns] %}{{ ns }}",
      "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
      "{% macro f(x) %}{{ x }}{{ caller() }}{% endmacro %}{% macro g() %}{% call f(1) %}{{ g() }}{% endcall %}{% endmacro %}{{ g() }}",
      "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
      "{% block a %}{{ self.a() }}{% endblock %}",
      "{{ " + repeated("(", 100000),
      "{{ " + repeated("[", 100000),
      "{{ " + repeated("{1:", 100000),
      "{{ " + repeated("-", 100000) + "1 }}",
      "{{ " + repeated("not ", 100000) + "1 }}",
      "{{ " + repeated("1 if 1 else ", 50000) + "1 }}",
      "{{ 1" + repeated("+1", 100000) + " }}",
      "{{ 1" + repeated("|abs", 100000) + " }}",
      "{{ a" + repeated(".a", 100000) + " }}",
      "{{ a" + repeated("()", 100000) + " }}",
      "{{ 1" + repeated(" if 1", 100000) + " }}",
      "{{ 1" + repeated(" or 1", 100000) + " }}",
      repeated("{% if 1 %}", 50000),
      repeated("{% for a in b %}", 50000),
      "{% set " + repeated("(", 100000),
      "{% for " + repeated("(", 100000),
      repeated("{{ 1 }}", 200000),
  };
  for (const std::string& text : texts) refusal(text);
}

TEST(ChatLimits, WhatHoldsItselfIsLetGo) {
  // Chains that only changing objects can make; dropping them must not go down link by link.
  for (const char* text :
       {"{% set ns = namespace(x=0) %}{% for i in range(90000) %}{% set ns.x = namespace(x=ns.x) %}{% endfor %}",
        "{% set ns = namespace(x=0) %}{% for i in range(90000) %}{% set old = ns.x %}{% macro f() %}{{ old }}{% endmacro %}"
        "{% set ns.x = f %}{% endfor %}",
        "{% set ns = namespace(x=0) %}{% for i in range(90000) %}{% for j in [1] %}{% set _ = loop.changed(ns.x) %}"
        "{% set ns.x = loop %}{% endfor %}{% endfor %}"})
    EXPECT_EQ(render_chat({text, {}, "test"}, {}, true, 0), "");
}

TEST(ChatLimits, LongTemplatesOfTheUsualKindFit) {
  const std::string branches = "{% if x == 1 %}a" + repeated("{% elif x == 2 %}b", 2000) + "{% else %}c{% endif %}";
  EXPECT_EQ(render_chat({branches, {}, "test"}, {}, true, 0), "c");
  const std::string parts = "{{ 'a'" + repeated(" ~ 'a'", 5000) + " }}";
  EXPECT_EQ(render_chat({parts, {}, "test"}, {}, true, 0).size(), 5001U);
  const std::vector<Message> messages(2000, {"user", std::string(10000, 'x')});
  const std::string text =
      "{% for m in messages %}{{ '<' + m.role + '>' + m['content'] | trim + '\n' }}{% endfor %}";
  EXPECT_EQ(render_chat({text, {}, "test"}, messages, true, 0).size(), 2000U * 10007U);
}

}  // namespace
}  // namespace tertium
