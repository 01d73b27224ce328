package dev.cofferdam.worker.app.bench;

/**
 * One figure of the bench's file.
 *
 * @param metric what
 * @param value how much: the median of the rounds
 * @param unit of what
 * @param baseline what it is compared with, in the same unit
 * @param ratio median of the rounds' value / baseline
 */
record Figure(String metric, double value, String unit, double baseline, double ratio) {}
