#include "tertium/store/views.h"

namespace tertium {

// Scores are compared as their protocol's rule does (protocols/answer.h), and of equal ones the first option answers.
const char kViews[] = R"(CREATE VIEW IF NOT EXISTS patched_answers AS
WITH
clean_scores AS (
  SELECT task, language, item, protocol, option, is_gold,
    score / CASE protocol WHEN 'loglik:norm' THEN characters WHEN 'loglik:bytes' THEN bytes ELSE 1 END AS compared
  FROM scores
),
clean_ranks AS (
  SELECT *, row_number() OVER (PARTITION BY task, language, item, protocol ORDER BY compared DESC, option) AS place
  FROM clean_scores
),
clean AS (
  SELECT task, language, item, protocol,
    max(CASE WHEN place = 1 THEN option END) AS answer,
    max(CASE WHEN place = 1 THEN is_gold END) AS is_gold,
    max(CASE WHEN is_gold THEN compared END) - max(CASE WHEN NOT is_gold THEN compared END) AS margin
  FROM clean_ranks GROUP BY task, language, item, protocol
),
patched AS (
  SELECT p.*,
    CASE WHEN direction IN ('break', 'lift') THEN (SELECT value FROM runs WHERE key = 'pivot') ELSE language END
      AS recipient
  FROM patches AS p
),
patched_scores AS (
  SELECT p.*, s.is_gold,
    p.score / CASE p.protocol WHEN 'loglik:norm' THEN s.characters WHEN 'loglik:bytes' THEN s.bytes ELSE 1 END
      AS compared
  FROM patched AS p JOIN scores AS s
    ON s.task = p.task AND s.language = p.recipient AND s.item = p.item AND s.protocol = p.protocol
      AND s.option = p.option
),
patched_ranks AS (
  SELECT *, row_number() OVER (
    PARTITION BY task, language, item, protocol, direction, site, layer, head, "window", position, control, draw
    ORDER BY compared DESC, option) AS place
  FROM patched_scores
),
answers AS (
  SELECT task, language, item, protocol, direction, site, layer, head, "window", position, control, draw,
    max(donor) AS donor, max(recipient) AS recipient,
    max(CASE WHEN place = 1 THEN option END) AS answer,
    max(CASE WHEN place = 1 THEN is_gold END) AS is_gold,
    max(CASE WHEN is_gold THEN compared END) - max(CASE WHEN NOT is_gold THEN compared END) AS margin
  FROM patched_ranks
  GROUP BY task, language, item, protocol, direction, site, layer, head, "window", position, control, draw
)
SELECT a.task, a.language, a.item, a.protocol, a.direction, a.site, a.layer, a.head, a."window", a.position, a.control,
  a.draw, a.donor, a.answer, a.is_gold, a.is_gold <> c.is_gold AS flipped, a.margin, c.answer AS clean_answer,
  c.is_gold AS clean_is_gold, c.margin AS clean_margin
FROM answers AS a JOIN clean AS c
  ON c.task = a.task AND c.language = a.recipient AND c.item = a.item AND c.protocol = a.protocol)";

}  // namespace tertium
