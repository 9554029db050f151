#!/usr/bin/env python3
"""Writes tests/fixtures/translation/scores.jsonl: segments and what sacrebleu makes of them (chrF2, chrF2++, BLEU with
its tokenizers 13a and zh; of each segment, with effective order in BLEU, and of all segments of a group as a corpus).

usage: python tools/make_translation_scores.py   (needs sacrebleu, in an environment of its own)
"""
import json
import random
from pathlib import Path

from sacrebleu.metrics import BLEU, CHRF

# A hypothesis and its reference, in twelve languages.
PAIRS = {
    "en": [("The river rose overnight, and the road was closed.", "The river rose in the night, so they closed the road."),
           ("She paid $3.50 for two apples.", "She paid 3.50 dollars for 2 apples.")],
    "de": [("Der Fluss stieg über Nacht, und die Straße wurde gesperrt.", "Der Fluß stieg in der Nacht; die Straße wurde gesperrt."),
           ("Er kaufte 1.000 Schrauben (M4).", "Er hat 1000 Schrauben (M-4) gekauft.")],
    "fr": [("L'eau est montée cette nuit : la route est fermée.", "L’eau a monté pendant la nuit ; la route est fermée."),
           ("Qu'est-ce qu'il a dit ?", "Qu’a-t-il dit ?")],
    "es": [("¿Dónde está la llave?", "¿Dónde está mi llave?"), ("Llovió mucho ayer.", "Ayer llovió muchísimo.")],
    "it": [("Ha piovuto tutta la notte.", "È piovuto per tutta la notte."), ("Non c'è più pane.", "Il pane è finito.")],
    "ru": [("Река поднялась за ночь, дорогу закрыли.", "Ночью река поднялась, и дорогу перекрыли."),
           ("Он купил 2,5 кг яблок.", "Он купил 2.5 килограмма яблок.")],
    "ar": [("ارتفع النهر ليلاً وأُغلق الطريق.", "ارتفع منسوب النهر ليلا، فأغلق الطريق."), ("اشترى ٣ تفاحات.", "اشترى ثلاث تفاحات.")],
    "hi": [("रात में नदी चढ़ गई और सड़क बंद हो गई।", "रात को नदी का पानी बढ़ा, इसलिए सड़क बंद कर दी गई।"), ("उसने दो सेब खरीदे।", "उसने २ सेब ख़रीदे।")],
    "th": [("แม่น้ำขึ้นตอนกลางคืน ถนนจึงปิด", "แม่น้ำเอ่อขึ้นในตอนกลางคืนและถนนถูกปิด"), ("เขาซื้อแอปเปิล 2 ลูก", "เขาซื้อแอปเปิลสองลูก")],
    "zh": [("河水夜里上涨,道路封闭了。", "夜间河水上涨，道路被封闭。"), ("他买了2.5公斤苹果（红色）。", "他买了2.5 kg红苹果。")],
    "ja": [("川が夜のうちに増水し、道路が閉鎖された。", "夜間に川が増水したため、道は通行止めになった。"), ("リンゴを２個買った。", "りんごを2個買いました。")],
    "ko": [("밤사이 강물이 불어 길이 막혔다.", "밤새 강물이 불어나 도로가 통제되었다."), ("그는 사과 두 개를 샀다.", "그는 사과 2개를 샀다.")],
}
# What breaks such programs.
HOSTILE = ["", " ", "a", "é", "é", ".", "...", ",,,.", "?!", "'", "-", "--", "a-", "-a", "3-4", "3.14", ".5", "5.", "1,000.50", "a.b.c", "U.S.A.",
           "a\tb", "a\rb", "a\r\nb", "x-\ny", "x\ny", "<skipped>", "<skip<skipped>ped>", "&quot;&amp;&lt;&gt;", "&amp;quot;", "&", "(hi)", "((hi))",
           "a\u00a0b", "a\u3000b", "a\u2028b", "a\u200bb", "a\u0085b", "a\x1cb\x1fc", "\u2000\u2001", "→ ← ∑ € ™", "⺀⿰㐀䶵龥龻", "𠀀𪛖", "⾁⾡", "Ｆｕｌｌ　ｗｉｄｔｈ！",
           "👍🏽👨‍👩‍👧", "🙂", "نص\u202eعكس", "aaaa aaaa aaaa aaaa", "a a a a a a a a", "{[(`~|\\^_/@:;<=>+*%$#\"!)]}", "the the the the", "ﬁ ﬀ", "ǅ", "İstanbul", "ß"]


def segments():
    for language, pairs in PAIRS.items():
        for hypothesis, reference in pairs:
            yield language, hypothesis, reference
            yield language, reference, reference
    for i, text in enumerate(HOSTILE):
        yield "hostile", text, text
        yield "hostile", text, HOSTILE[(7 * i + 3) % len(HOSTILE)]
        yield "hostile", text + " and more", "more of " + text
    drawn = random.Random(1)
    alphabet = "ab.,-'& \n0123é河\u3000(\""
    for _ in range(150):
        yield "drawn", *("".join(drawn.choices(alphabet, k=drawn.randrange(1, 30))) for _ in "hr")


def main():
    sentence = {"bleu_13a": BLEU(effective_order=True, tokenize="13a"), "bleu_zh": BLEU(effective_order=True, tokenize="zh"),
                "chrf": CHRF(), "chrfpp": CHRF(word_order=2)}
    corpus = {**sentence, "bleu_13a": BLEU(tokenize="13a"), "bleu_zh": BLEU(tokenize="zh")}
    groups = {}
    lines = []
    for group, hypothesis, reference in segments():
        groups.setdefault(group, ([], []))
        groups[group][0].append(hypothesis)
        groups[group][1].append(reference)
        lines.append({"group": group, "hypothesis": hypothesis, "reference": reference,
                      **{name: metric.sentence_score(hypothesis, [reference]).score for name, metric in sentence.items()}})
    for group, (hypotheses, references) in groups.items():
        lines.append({"corpus": group, **{name: metric.corpus_score(hypotheses, [references]).score for name, metric in corpus.items()}})
    path = Path(__file__).resolve().parent.parent / "tests/fixtures/translation/scores.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), encoding="utf-8")
    print(f"{len(lines)} lines")


main()
