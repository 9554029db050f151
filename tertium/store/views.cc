#include "tertium/store/views.h"

namespace tertium {

// Scores are compared as their protocol's rule does (protocols/answer.h), and of equal ones the first option answers.
// What a series shares is carried along, so that SQLite looks at the wanted series alone.
const View kPatchedAnswers = {"patched_answers", R"(WITH
clean_ranks AS (
  SELECT *, row_number() OVER (PARTITION BY series, item ORDER BY compared DESC, option) AS place
  FROM (
    SELECT r.series, r.item, r.option, r.is_gold,
      r.score / CASE s.protocol WHEN 'loglik:norm' THEN r.characters WHEN 'loglik:bytes' THEN r.bytes ELSE 1 END
        AS compared
    FROM scores_rows AS r JOIN scores_series AS s ON s.id = r.series
  )
),
clean AS (
  SELECT series, item,
    max(CASE WHEN place = 1 THEN option END) AS answer,
    max(CASE WHEN place = 1 THEN is_gold END) AS is_gold,
    max(CASE WHEN is_gold THEN compared END) - max(CASE WHEN NOT is_gold THEN compared END) AS margin
  FROM clean_ranks GROUP BY series, item
),
patched AS (
  SELECT p.*, c.id AS clean_series
  FROM patches_series AS p JOIN scores_series AS c ON c.task = p.task AND c.protocol = p.protocol AND c.language =
    CASE WHEN p.direction IN ('break', 'lift') THEN (SELECT value FROM runs WHERE key = 'pivot') ELSE p.language END
),
patched_scores AS (
  SELECT p.*, r.item, r.layer, r.donor, r.option, s.is_gold,
    r.score / CASE p.protocol WHEN 'loglik:norm' THEN s.characters WHEN 'loglik:bytes' THEN s.bytes ELSE 1 END
      AS compared
  FROM patched AS p JOIN patches_rows AS r ON r.series = p.id
    JOIN scores_rows AS s ON s.series = p.clean_series AND s.item = r.item AND s.option = r.option
),
patched_ranks AS (
  SELECT *, row_number() OVER (
    PARTITION BY id, item, layer, task, language, protocol, direction, site, head, "window", position, control, draw
    ORDER BY compared DESC, option) AS place
  FROM patched_scores
),
answers AS (
  SELECT id, item, layer, task, language, protocol, direction, site, head, "window", position, control, draw,
    max(donor) AS donor, max(clean_series) AS clean_series,
    max(CASE WHEN place = 1 THEN option END) AS answer,
    max(CASE WHEN place = 1 THEN is_gold END) AS is_gold,
    max(CASE WHEN is_gold THEN compared END) - max(CASE WHEN NOT is_gold THEN compared END) AS margin
  FROM patched_ranks
  GROUP BY id, item, layer, task, language, protocol, direction, site, head, "window", position, control, draw
)
SELECT a.task, a.language, i.name AS item, a.protocol, a.direction, a.site, a.layer, a.head, a."window", a.position,
  a.control, a.draw, d.name AS donor, a.answer, a.is_gold, a.is_gold <> c.is_gold AS flipped, a.margin,
  c.answer AS clean_answer, c.is_gold AS clean_is_gold, c.margin AS clean_margin
FROM answers AS a JOIN clean AS c ON c.series = a.clean_series AND c.item = a.item
  JOIN names AS i ON i.id = a.item JOIN names AS d ON d.id = a.donor)"};

std::string views_sql() {
  return std::string("CREATE VIEW IF NOT EXISTS ") + kPatchedAnswers.name + " AS\n" + kPatchedAnswers.sql;
}

}  // namespace tertium
