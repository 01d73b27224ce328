package dev.cofferdam.gateway.prompt.huggingface;

import java.util.List;
import java.util.SplittableRandom;

/** Random text in many scripts, with what tokenizers stumble over. */
final class FuzzText {
  private static final String[] WORDS = TinyBpe.CORPUS.split("\\s+");
  private static final String[] ODD = {
    " ",
    "  ",
    "   ",
    "    ",
    "\n",
    "\n\n",
    "\r\n",
    "\t",
    " \n ",
    "\u00a0",
    "\u0085",
    "\u2028",
    "\u3000",
    "\u200b",
    "\u180e",
    "\u1680",
    "\u000b",
    "\f",
    "\u001c",
    "\u2003 ",
    "'s",
    "'S",
    "'LL",
    "'re",
    "'\u017f",
    "\u017f",
    "\u212a",
    "\u0130",
    "\u03a3",
    "e\u0301",
    "\u0301",
    "a\u0323\u0307",
    "\u1100\u1161\u11a8",
    "\uac00",
    "\u0958",
    "\ufb01",
    "\u01c5",
    "1",
    "12",
    "1234567",
    "\u0663\u0664",
    "\u00b2",
    "\u00bd",
    "\u2167",
    "\u0e01\u0e33",
    "\u0915\u094d\u0937",
    "\u05e9\u05c1",
    "\ud83d\udc68\u200d\ud83d\udc69",
    "\ud83c\uddf3\ud83c\uddf1",
    "\u2581",
    "\u2581\u2581",
    "<0x0A>",
    "<0xE2>",
    "\ue000",
    "\ufffd",
    "\ufffe",
    "\ufeff",
    "\u0000",
    "\u0007",
    "...",
    "---",
    "!!!\n",
    "/*",
    "*/\n\n",
    "://",
    "_",
    "__init__",
    "unmergeable",
    " unmergeable",
    "xyzzy",
    "<",
    ">",
    "</",
    "<|",
    "|>",
    "[",
    "]",
    "mask",
    "Mask",
    "\ud841\udf0e",
    "\ud835\udd38",
    "\u0345",
    "-",
    "a-b",
  };

  private FuzzText() {}

  /** Text of some parts. */
  static String text(SplittableRandom random, List<String> also) {
    StringBuilder out = new StringBuilder();
    for (int parts = random.nextInt(1, 12); parts > 0; parts--) {
      int kind = random.nextInt(10);
      if (kind < 4) {
        out.append(random.nextBoolean() ? " " : "").append(WORDS[random.nextInt(WORDS.length)]);
      } else if (kind < 8) {
        out.append(ODD[random.nextInt(ODD.length)]);
      } else if (kind == 8 || also.isEmpty()) {
        out.appendCodePoint(codePoint(random));
      } else {
        out.append(also.get(random.nextInt(also.size())));
      }
    }
    return out.toString();
  }

  /** Any character of any plane that is assigned, the smaller planes more often. */
  private static int codePoint(SplittableRandom random) {
    while (true) {
      int c =
          random.nextInt(random.nextBoolean() ? 0x800 : random.nextBoolean() ? 0x10000 : 0x20000);
      int type = Character.getType(c);
      if (type != Character.SURROGATE && type != Character.UNASSIGNED) {
        return c;
      }
    }
  }
}
