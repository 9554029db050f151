#include "tertium/analysis/table_text.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tertium/base/csv.h"
#include "tertium/base/text.h"

namespace tertium {
namespace {

using Json = nlohmann::ordered_json;

/// Calls what fits the cell's kind.
template <class... Calls>
struct Cases : Calls... {
  using Calls::operator()...;
};
template <class... Calls>
Cases(Calls...) -> Cases<Calls...>;  // which clang 14, of the fuzz targets, does not find itself

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json to_json(const Cell& cell) {
  return std::visit(Cases{[](const std::string& text) { return Json(text); },
                          [](std::int64_t count) { return Json(count); }, [](double value) { return number(value); },
                          [](const CellInterval& ci) {
                            if (!std::isfinite(ci.low) || !std::isfinite(ci.high)) return Json(nullptr);
                            return Json{ci.low, ci.high};
                          }},
                    cell);
}

/// Without a first character that makes a spreadsheet run it as a formula.
std::string inert(const std::string& text) {
  return !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos ? "'" + text : text;
}

/// With all its digits; the shortest text that reads back the same.
std::string exact(double value) { return std::isfinite(value) ? fmt::format("{}", value) : ""; }

bool is_interval_column(const ResultTable& table, std::size_t column) {
  return !table.rows.empty() && std::holds_alternative<CellInterval>(table.rows.front()[column]);
}

std::string short_number(double value) { return std::isfinite(value) ? fmt::format("{:.4g}", value) : ""; }

/// What people read.
std::string short_text(const Cell& cell) {
  return std::visit(
      Cases{[](const std::string& text) { return printable(text); },
            [](std::int64_t count) { return std::to_string(count); }, [](double value) { return short_number(value); },
            [](const CellInterval& ci) {
              if (!std::isfinite(ci.low) || !std::isfinite(ci.high)) return std::string();
              return fmt::format("[{}, {}]", short_number(ci.low), short_number(ci.high));
            }},
      cell);
}

std::string escaped(const std::string& text, std::string_view special, const char* (*escape)(char)) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) == std::string_view::npos)
      out += c;
    else
      out += escape(c);
  }
  return out;
}

const char* tex_escape(char c) {
  switch (c) {
    case '\\':
      return "\\textbackslash{}";
    case '~':
      return "\\textasciitilde{}";
    case '^':
      return "\\textasciicircum{}";
    case '&':
      return "\\&";
    case '%':
      return "\\%";
    case '$':
      return "\\$";
    case '#':
      return "\\#";
    case '_':
      return "\\_";
    case '{':
      return "\\{";
    default:
      return "\\}";
  }
}

std::string tex(const std::string& text) { return escaped(text, "\\~^&%$#_{}", tex_escape); }

std::string markdown(const std::string& text) {
  return escaped(text, "|<&", [](char c) { return c == '|' ? "\\|" : c == '<' ? "&lt;" : "&amp;"; });
}

template <class Escape>
std::string line(const std::vector<Cell>& cells, const char* separator, const Escape& escape) {
  std::vector<std::string> texts;
  for (const Cell& cell : cells) texts.push_back(escape(short_text(cell)));
  return join(texts, separator);
}

std::vector<Cell> header(const ResultTable& table) { return {table.columns.begin(), table.columns.end()}; }

}  // namespace

Json to_json(const std::vector<ResultTable>& tables) {
  Json json;
  for (const ResultTable& table : tables) {
    Json& rows = json[table.name] = Json::array();
    for (const std::vector<Cell>& cells : table.rows) {
      Json& row = rows.emplace_back();
      for (std::size_t c = 0; c < cells.size(); ++c) row[table.columns[c]] = to_json(cells[c]);
    }
  }
  return json;
}

Json to_json(const Analysis& analysis) {
  Json json = to_json(result_tables(analysis));
  json["noise_floor"] = number(analysis.noise_floor);
  json["conclusions"] = analysis.conclusions;
  return json;
}

Json to_json(const std::vector<Agreement>& agreements) {
  const auto rate = [](const Rate& rate) {
    return Json{
        {"value", number(rate.value)}, {"low", rate.low}, {"high", rate.high}, {"hits", rate.hits}, {"n", rate.n}};
  };
  Json all = Json::array();
  for (const Agreement& found : agreements) {
    Json& json = all.emplace_back(Json{{"task", found.task},
                                       {"language", found.language},
                                       {"protocol", found.protocol},
                                       {"same", rate(found.agreeing)},
                                       {"always_right", rate(found.always_right)},
                                       {"mean_accuracy", number(found.mean)}});
    for (const auto& [order, of_order] : found.accuracy) json["accuracy"][order] = rate(of_order);
  }
  return all;
}

std::string to_csv(const ResultTable& table) {
  std::vector<std::string> names;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const std::string& name = table.columns[c];
    if (!is_interval_column(table, c)) {
      names.push_back(name);
      continue;
    }
    names.push_back(name + "_low");
    names.push_back(name + "_high");
  }
  std::string out = join(names, ",") + "\r\n";
  for (const std::vector<Cell>& cells : table.rows) {
    std::vector<std::string> texts;
    for (const Cell& cell : cells)
      std::visit(Cases{[&](const std::string& text) { texts.push_back(csv_field(inert(text))); },
                       [&](std::int64_t count) { texts.push_back(std::to_string(count)); },
                       [&](double value) { texts.push_back(exact(value)); },
                       [&](const CellInterval& ci) {
                         texts.push_back(exact(ci.low));
                         texts.push_back(exact(ci.high));
                       }},
                 cell);
    out += join(texts, ",") + "\r\n";
  }
  return out;
}

std::string to_markdown(const ResultTable& table) {
  std::string out = fmt::format("| {} |\n|", line(header(table), " | ", markdown));
  for (std::size_t c = 0; c < table.columns.size(); ++c) out += " --- |";
  out += '\n';
  for (const std::vector<Cell>& cells : table.rows) out += fmt::format("| {} |\n", line(cells, " | ", markdown));
  return out;
}

std::string to_tex(const ResultTable& table) {
  std::string out = fmt::format("\\begin{{tabular}}{{{}}}\n\\toprule\n{} \\\\\n\\midrule\n",
                                std::string(table.columns.size(), 'l'), line(header(table), " & ", tex));
  for (const std::vector<Cell>& cells : table.rows) out += line(cells, " & ", tex) + " \\\\\n";
  return out + "\\bottomrule\n\\end{tabular}\n";
}

}  // namespace tertium
