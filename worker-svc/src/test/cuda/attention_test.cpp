// Paged attention against double precision.
#include "tests.h"

#include <cmath>

namespace {

unsigned ceilDiv(int a, int b) { return (unsigned)((a + b - 1) / b); }

// Sequences with keys and values in a pool of shuffled blocks. Blocks that are nobody's, and tokens
// that are not written yet, are NaN.
struct Scene {
  int d, kvHeads, heads, layers, layer, blocks = 0, rows = 0;
  int64_t blockElements;
  std::vector<int> first, length, tableAt, table,
      rowAt;  // of each sequence; rows are its last ones
  std::vector<bf16> pool, query;
  std::vector<uint8_t> bytes;  // the same pool in eight bits, where it is kept so
  bool fp8;

  Scene(Random& random, int d, int kvHeads, int group, std::vector<std::pair<int, int>> sequences,
        bool fp8 = false)
      : d(d),
        kvHeads(kvHeads),
        heads(kvHeads * group),
        layers(between(random, 1, 2)),
        layer(between(random, 0, layers - 1)),
        fp8(fp8) {
    blockElements = (int64_t)layers * 2 * kvHeads * 16 * d;
    for (auto [before, now] : sequences) {
      first.push_back(before);
      length.push_back(before + now);
      tableAt.push_back((int)table.size());
      rowAt.push_back(rows);
      rows += now;
      for (unsigned b = 0; b < ceilDiv(before + now, 16); b++) table.push_back(blocks++);
      if (between(random, 0, 1)) table.push_back(-1);  // never to be read
    }
    blocks += 3;
    std::vector<int> names((size_t)blocks);
    for (int i = 0; i < blocks; i++) names[(size_t)i] = i;
    std::shuffle(names.begin(), names.end(), random);
    for (int& b : table) b = b < 0 ? 1 << 30 : names[(size_t)b];
    pool.assign((size_t)(blocks * blockElements), 0xFFFF);
    for (size_t s = 0; s < first.size(); s++)
      for (int p = 0; p < length[s]; p++)
        for (int kv = 0; kv < 2 * kvHeads; kv++)
          for (int i = 0; i < d; i++)
            pool[at(s, p, kv) + (size_t)i] = toBf16((float)normal(random));
    if (fp8) keepBytes(random);
    query = randomBf16(random, (size_t)(rows * heads * d), 1.5);
  }
  size_t at(size_t s, int position, int kv) const {
    return (size_t)(table[(size_t)(tableAt[s] + position / 16)] * blockElements +
                    ((layer * 2 * kvHeads + kv) * 16 + position % 16) * d);
  }
  // Other keys and values: codes with a scale for each token and head.
  void keepBytes(Random& random) {
    bytes.assign((size_t)(blocks * layers * 2 * kvHeads * kvHeadBytes8(d)), 0xFF);
    for (size_t s = 0; s < first.size(); s++)
      for (int p = 0; p < length[s]; p++)
        for (int kv = 0; kv < 2 * kvHeads; kv++) {
          int block = table[(size_t)(tableAt[s] + p / 16)];
          int64_t index = (block * layers + layer) * 2 * kvHeads + kv;
          uint8_t* head = bytes.data() + index * kvHeadBytes8(d);
          bf16 scale = toBf16((float)std::ldexp(1, between(random, -2, 1)));
          memcpy(head + 16 * d + 2 * (p % 16), &scale, 2);
          for (int i = 0; i < d; i++) {
            bool small = between(random, 0, 15) == 0;
            uint8_t code = (uint8_t)(between(random, 0, 1) << 7 |
                                     (small ? between(random, 0, 7) : between(random, 32, 63)));
            head[p % 16 * d + i] = code;
            double value = fp8ToDouble(code) * bf16ToFloat(scale);
            pool[at(s, p, kv) + (size_t)i] = toBf16((float)value);
          }
        }
  }
  std::vector<double> expected(size_t s, int row, int head) const {
    int p = first[s] + row - rowAt[s], kv = head / (heads / kvHeads);
    std::vector<double> weight((size_t)p + 1), out((size_t)d);
    double highest = -INFINITY, total = 0;
    for (int k = 0; k <= p; k++) {
      double score = 0;
      for (int i = 0; i < d; i++)
        score += (double)bf16ToFloat(query[(size_t)((row * heads + head) * d + i)]) *
                 bf16ToFloat(pool[at(s, k, kv) + (size_t)i]);
      weight[(size_t)k] = score / std::sqrt(d);
      highest = std::max(highest, weight[(size_t)k]);
    }
    for (double& w : weight) total += w = std::exp(w - highest);
    for (int k = 0; k <= p; k++)
      for (int i = 0; i < d; i++)
        out[(size_t)i] +=
            weight[(size_t)k] / total * bf16ToFloat(pool[at(s, k, kvHeads + kv) + (size_t)i]);
    return out;
  }
};

// Some blocks of a scene, whose layer lies in other places, in a shuffled order, and not in the pool
// any more.
struct Opened {
  std::vector<int> table;
  std::vector<uint8_t> pool, places;

  Opened(Random& random, const Scene& scene, bool some) : table(scene.table) {
    pool = scene.bytes;
    if (!scene.fp8) {
      const uint8_t* from = (const uint8_t*)scene.pool.data();
      pool.assign(from, from + 2 * scene.pool.size());
    }
    size_t layerBytes = pool.size() / (size_t)(scene.blocks * scene.layers);
    std::vector<size_t> entries;
    for (size_t i = 0; i < table.size(); i++)
      if (some && table[i] < scene.blocks && (entries.empty() || between(random, 0, 2) > 0))
        entries.push_back(i);
    std::shuffle(entries.begin(), entries.end(), random);
    places.assign(16 + entries.size() * layerBytes, 0xFF);
    for (size_t i = 0; i < entries.size(); i++) {
      int& entry = table[entries[i]];
      uint8_t* from = pool.data() + (size_t)(entry * scene.layers + scene.layer) * layerBytes;
      std::copy(from, from + layerBytes, places.data() + i * layerBytes);
      std::fill(from, from + layerBytes, 0xFF);
      entry = ~(int)i;
    }
  }
};

// Cuts the rows from..to of each sequence into tiles of random sizes, for one or the other kernel,
// with or without partials, and runs them. With `single`, every tile is one row. With `opened`, some
// blocks lie beside the pool.
std::vector<bf16> run(Random& random, const Scene& scene, bool single, int kernels,
                      bool opened = false) {
  int D = scene.d <= 32 ? 32 : scene.d <= 64 ? 64 : scene.d <= 128 ? 128 : 256;
  std::vector<AttendTile> small, large;
  int slots = 0;
  for (size_t s = 0; s < scene.first.size(); s++) {
    int count = scene.length[s] - scene.first[s];
    for (int r = 0; r < count;) {
      bool isLarge = kernels == 1 || (kernels == 2 && between(random, 0, 1));
      int most = attendRows(isLarge, scene.heads, scene.kvHeads, scene.d);
      int rows = single ? 1 : std::min(count - r, between(random, std::max(1, most / 2), most));
      AttendTile tile = {scene.rowAt[s] + r, rows, scene.first[s] + r, scene.tableAt[s], -1, {}};
      if (!isLarge && rows == 1 && between(random, 0, 3) > 0) {
        tile.partialAt = slots;
        slots += tile.position / 512 + 1;
      }
      (isLarge ? large : small).push_back(tile);
      r += rows;
    }
  }
  std::shuffle(small.begin(), small.end(), random);
  Buffer<int> smallCount(std::vector<int>{(int)small.size()}),
      largeCount(std::vector<int>{(int)large.size()});
  Opened beside(random, scene, opened);
  Buffer<int> table(beside.table);
  Buffer<AttendTile> smallTiles(small), largeTiles(large);
  Buffer<bf16> query(scene.query), out(scene.query.size());
  Buffer<uint8_t> pool(beside.pool), places(beside.places);
  int64_t blockElements =
      scene.fp8 ? scene.layers * 2 * scene.kvHeads * kvHeadBytes8(scene.d) : scene.blockElements;
  Buffer<float> partials((size_t)(slots * scene.heads * (scene.d + 2)));
  float scale = (float)(1 / std::sqrt(scene.d));
  auto launchAs = [&](auto kernel, bool isLarge, Buffer<int>& count, Buffer<AttendTile>& tiles,
                      unsigned gridZ) {
    std::string name = std::string(isLarge ? "cf_attend_large_" : "cf_attend_small_") +
                       (opened ? "opened_" : "") + (scene.fp8 ? "fp8_" : "") + std::to_string(D);
    launch(kernel, name.c_str(), {(unsigned)tiles.size() + 1, (unsigned)scene.kvHeads, gridZ},
           isLarge ? 256 : 128,
           (unsigned)(scene.fp8 ? attendShared8(isLarge, D) : attendShared(isLarge, D)), count,
           tiles, query, pool.get(), blockElements, table, scene.layer, scene.heads, scene.kvHeads,
           scene.d, scale, out, partials, places.get());
  };
  if (!small.empty())
    launchAs(cf_attend_small_opened_32, false, smallCount, smallTiles, (unsigned)between(random, 1, 4));
  if (!large.empty()) launchAs(cf_attend_large_opened_32, true, largeCount, largeTiles, 1);
  if (slots > 0)
    LAUNCH(cf_attend_merge, {(unsigned)small.size() + 1, (unsigned)scene.heads}, 128, 0, smallCount,
           smallTiles, partials, scene.heads, scene.d, out);
  out.checkTail();
  partials.checkTail();
  return out.copy();
}

void check(const Scene& scene, const std::vector<bf16>& out) {
  for (size_t s = 0; s < scene.first.size(); s++)
    for (int r = scene.rowAt[s]; r < scene.rowAt[s] + scene.length[s] - scene.first[s]; r++)
      for (int h = 0; h < scene.heads; h++) {
        std::vector<double> expected = scene.expected(s, r, h);
        for (int i = 0; i < scene.d; i++)
          near(bf16ToFloat(out[(size_t)((r * scene.heads + h) * scene.d + i)]), expected[(size_t)i],
               0.008, 0.008, "attention", i);
      }
}

void attends(Random& random) {
  const int dimensions[] = {16, 32, 48, 64, 80, 128, 144, 256};
  for (int round = 0; round < 8; round++) {
    int d = dimensions[round], kvHeads = between(random, 1, 2),
        group = between(random, 1, d > 128 ? 3 : 7);
    Scene scene(random, d, kvHeads, group,
                {{between(random, 0, 90), between(random, 1, 20)}, {between(random, 30, 150), 1}});
    check(scene, run(random, scene, false, 0));
    check(scene, run(random, scene, false, 1));
  }
}

void attendsToBytes(Random& random) {
  for (int d : {16, 64, 80, 256}) {
    Scene scene(random, d, d == 64 ? 2 : 1, d > 128 ? 2 : between(random, 1, 5),
                {{between(random, 0, 50), between(random, 1, 15)}, {between(random, 30, 120), 1}},
                true);
    check(scene, run(random, scene, false, 0));
    check(scene, run(random, scene, false, 1));
  }
  // Splits, merged or not, and either kernel: the same bits.
  Scene scene(random, 32, 1, 3, {{between(random, 505, 600), 9}, {between(random, 0, 40), 12}},
              true);
  std::vector<bf16> alone = run(random, scene, true, 0);
  check(scene, alone);
  for (int kernels = 0; kernels < 3; kernels++)
    same(run(random, scene, false, kernels).data(), alone.data(), alone.size(),
         "attention to eight bits in other tiles");
}

void attendsToOpened(Random& random) {
  for (int d : {32, 64, 128, 256})
    for (bool fp8 : {false, true}) {
      Scene scene(random, d, between(random, 1, 2), d > 64 ? 1 : between(random, 1, 4),
                  {{between(random, 0, 60), between(random, 1, 20)}, {between(random, 40, 120), 1}},
                  fp8);
      for (int kernels = 0; kernels < 2; kernels++) {
        std::vector<bf16> inPool = run(random, scene, false, kernels);
        check(scene, inPool);
        same(run(random, scene, false, kernels, true).data(), inPool.data(), inPool.size(),
             "attention to what was opened");
      }
    }
}

void attendsFar(Random& random) {
  for (int d : {32, 128}) {
    Scene scene(random, d, 1, d == 32 ? 3 : 1,
                {{between(random, 500, 1100), 3}, {between(random, 1, 60), 2}, {510, 4}});
    check(scene, run(random, scene, false, 2));
    check(scene, run(random, scene, true, 0));
  }
}

void attentionKeepsBits(Random& random) {
  for (int d : {32, 64, 128, 256}) {
    Scene scene(random, d, d == 32 ? 2 : 1,
                d == 128   ? 2
                : d == 256 ? 1
                           : between(random, 3, 6),
                {{between(random, 0, 40), between(random, 30, 50)},
                 {between(random, 505, 600), d > 64 ? 5 : 12}});
    std::vector<bf16> alone = run(random, scene, true, 0);
    for (int kernels = 0; kernels < 3; kernels++) {
      std::vector<bf16> other = run(random, scene, false, kernels);
      same(other.data(), alone.data(), alone.size(), "attention in other tiles");
    }
  }
}

}  // namespace

void addAttentionTests(std::vector<Case>& cases) {
  cases.push_back({"attention is that of double precision for every head dimension", attends});
  cases.push_back({"attention merges splits of far positions", attendsFar});
  cases.push_back(
      {"attention to eight bits is that of double precision, with the same bits in other tiles",
       attendsToBytes});
  cases.push_back(
      {"attention to what was opened beside the pool has the bits of that in the pool",
       attendsToOpened});
  cases.push_back(
      {"a row's attention has the same bits alone and in a prefill, by either kernel, merged or "
       "not",
       attentionKeepsBits});
}
