package dev.cofferdam.gateway.privacy;

/** Finds one kind of personal data. */
interface Detector {
  /** Reports what is found, in any order. Time grows with the text's length and no faster. */
  void find(String text, Finding found);

  /** Takes what is found. */
  interface Finding {
    /** From the first character to behind the last. */
    void at(int start, int end);
  }
}
