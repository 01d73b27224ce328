// Adapters of mixed ranks against double precision.
#include "tests.h"

namespace {

struct Module {
  int rank;
  float scale;
  std::vector<bf16> a, b;
};

// Adapters (slots 1 and up) of up to three targets over some rows; returns delta, rows of slot 0 as
// they were (NaN).
std::vector<float> run(Random& random, int inputs, const std::vector<int>& widths,
                       std::vector<std::vector<Module>>& modules, const std::vector<int>& slotOfRow,
                       Buffer<bf16>& x, int rankMax, int rowsOfSegment) {
  int targets = (int)widths.size(), rows = (int)slotOfRow.size();
  std::vector<Buffer<bf16>*> factors;
  std::vector<LoraModule> table;
  for (auto& slot : modules)
    for (Module& m : slot) {
      factors.push_back(new Buffer<bf16>(m.a));
      factors.push_back(new Buffer<bf16>(m.b));
      table.push_back({factors[factors.size() - 2]->get(), factors.back()->get(), m.rank, m.scale});
    }
  std::vector<LoraSegment> segments;
  std::vector<int> segmentRow;
  for (int s = 1; s < (int)modules.size(); s++) {
    std::vector<int> of;
    for (int r = 0; r < rows; r++)
      if (slotOfRow[(size_t)r] == s) of.push_back(r);
    for (size_t from = 0; from < of.size(); from += (size_t)rowsOfSegment) {
      int n = std::min(rowsOfSegment, (int)(of.size() - from));
      segments.push_back({s, (int)segmentRow.size(), n, 0});
      segmentRow.insert(segmentRow.end(), of.begin() + (long)from, of.begin() + (long)from + n);
    }
  }
  std::shuffle(segments.begin(), segments.end(), random);
  int outputs = 0;
  for (int w : widths) outputs += w;
  Buffer<int> count(std::vector<int>{(int)segments.size()}), rowsOf(segmentRow);
  Buffer<LoraSegment> segment(segments);
  Buffer<LoraModule> modulesOf(table);
  Buffer<float> shrunk((size_t)(rows * targets * rankMax)), delta((size_t)(rows * outputs));
  unsigned bucket = (unsigned)segments.size() + 1;
  LAUNCH(cf_lora_shrink, {bucket, (unsigned)targets, (unsigned)rankMax / 16}, 256, 0, count,
         segment, rowsOf, modulesOf, targets, 0, x, inputs, shrunk, rankMax);
  LAUNCH(cf_lora_expand, {bucket, (unsigned)(outputs + 255) / 256}, 256, 0, count, segment, rowsOf,
         modulesOf, targets, 0, shrunk, rankMax, delta, targets, widths[0],
         targets > 1 ? widths[1] : 0, targets > 2 ? widths[2] : 0);
  shrunk.checkTail();
  delta.checkTail();
  for (auto* f : factors) delete f;
  return delta.copy();
}

void expands(Random& random) {
  for (int round = 0; round < 6; round++) {
    int inputs = 8 * between(random, 1, 80), rows = between(random, 1, 30),
        adapters = between(random, 1, 4), rankMax = 16 * between(random, 1, 3);
    std::vector<int> widths;
    for (int t = 0; t <= round % 3; t++) widths.push_back(between(random, 1, 300));
    std::vector<std::vector<Module>> modules((size_t)adapters + 1);
    for (int s = 0; s <= adapters; s++)
      for (int width : widths) {
        int rank = between(random, 0, 3) == 0 ? 0 : between(random, 1, rankMax);
        modules[(size_t)s].push_back({rank, (float)uniform(random, 0.1, 2),
                                      randomBf16(random, (size_t)(rank * inputs)),
                                      randomBf16(random, (size_t)(rank * width))});
      }
    std::vector<int> slotOfRow((size_t)rows);
    for (int& s : slotOfRow) s = between(random, 0, adapters);
    Buffer<bf16> x(randomBf16(random, (size_t)(rows * inputs)));
    std::vector<float> delta = run(random, inputs, widths, modules, slotOfRow, x, rankMax, 1000);
    size_t at = 0;
    for (int r = 0; r < rows; r++)
      for (size_t t = 0; t < widths.size(); t++) {
        Module& m = modules[(size_t)slotOfRow[(size_t)r]][t];
        for (int o = 0; o < widths[t]; o++, at++) {
          if (slotOfRow[(size_t)r] == 0) {
            if (delta[at] == delta[at]) failTest("a row without an adapter was written");
            continue;
          }
          double y = 0, size = 0;
          for (int i = 0; i < m.rank; i++) {
            double v = 0;
            for (int k = 0; k < inputs; k++)
              v += (double)bf16ToFloat(m.a[(size_t)(i * inputs + k)]) *
                   bf16ToFloat(x[(size_t)(r * inputs + k)]);
            y += v * bf16ToFloat(m.b[(size_t)(o * m.rank + i)]);
            size += std::abs(v * bf16ToFloat(m.b[(size_t)(o * m.rank + i)]));
          }
          near(delta[at], m.scale * y, 0, 1e-5 * size + 1e-4, "delta", (long)at);
        }
      }
    // The same rows, each alone.
    std::vector<float> alone = run(random, inputs, widths, modules, slotOfRow, x, rankMax, 1);
    same(alone.data(), delta.data(), delta.size(), "delta of rows alone");
  }
}

}  // namespace

void addLoraTests(std::vector<Case>& cases) {
  cases.push_back(
      {"adapters of mixed ranks add what double precision says, with the same bits alone and in a "
       "group",
       expands});
}
