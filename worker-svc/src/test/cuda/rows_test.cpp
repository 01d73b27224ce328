// The kernels of rows and products against double precision.
#include "tests.h"

#include <cmath>

namespace {

// What a reader of planes sees: their sum, in double precision.
struct PlaneSet {
  int rows, outputs, count;
  int64_t stride;
  Buffer<float> planes;
  Buffer<float> bias, delta;
  Buffer<int> slot;
  bool hasBias, hasDelta;

  PlaneSet(Random& random, int rows, int outputs)
      : rows(rows),
        outputs(outputs),
        count(between(random, 1, 4)),
        stride((int64_t)rows * outputs + 4 * between(random, 0, 3)),
        planes((size_t)(stride * count)),
        bias((size_t)outputs),
        delta((size_t)rows * outputs),
        slot((size_t)rows),
        hasBias(between(random, 0, 1)),
        hasDelta(between(random, 0, 1)) {
    for (int p = 0; p < count; p++)
      for (int i = 0; i < rows * outputs; i++)
        planes[(size_t)(p * stride + i)] = (float)normal(random);
    for (int i = 0; i < outputs; i++) bias[(size_t)i] = (float)normal(random);
    for (int r = 0; r < rows; r++) {
      slot[(size_t)r] = between(random, 0, 2);
      // Rows without an adapter have no delta: what stands there must not be read.
      for (int i = 0; i < outputs; i++)
        delta[(size_t)(r * outputs + i)] = slot[(size_t)r] == 0 ? NAN : (float)normal(random);
    }
  }
  double at(int row, int output) {
    double v = 0;
    for (int p = 0; p < count; p++)
      v += planes[(size_t)(p * stride + (int64_t)row * outputs + output)];
    if (hasBias) v += bias[(size_t)output];
    if (hasDelta && slot[(size_t)row] != 0) v += delta[(size_t)(row * outputs + output)];
    return v;
  }
};
#define OF(p)                                                                      \
  (p).planes.get(), (p).count, (p).stride, (p).hasBias ? (p).bias.get() : nullptr, \
      (p).hasDelta ? (p).delta.get() : nullptr, (p).slot.get()

unsigned ceilDiv(int a, int b) { return (unsigned)((a + b - 1) / b); }

void embeds(Random& random) {
  for (int round = 0; round < 4; round++) {
    int hidden = 8 * between(random, 1, 200), vocabulary = between(random, 1, 50),
        rows = between(random, 0, 9), bucket = rows + between(random, round == 0 ? 0 : 1, 3);
    if (bucket == 0) bucket = 1;
    Buffer<bf16> table(randomBf16(random, (size_t)vocabulary * hidden));
    Buffer<int> count(std::vector<int>{rows}), token((size_t)bucket);
    for (int r = 0; r < rows; r++) token[(size_t)r] = between(random, 0, vocabulary - 1);
    Buffer<float> stream((size_t)rows * hidden);
    LAUNCH(cf_embed, {(unsigned)bucket}, 128, 0, count, token, table, stream, hidden);
    for (int r = 0; r < rows; r++)
      for (int i = 0; i < hidden; i++)
        if (stream[(size_t)(r * hidden + i)] !=
            bf16ToFloat(table[(size_t)(token[(size_t)r] * hidden + i)]))
          failTest("embedding of row %d", r);
    stream.checkTail();
  }
}

// Weights in eight bits: rows of whole numbers or of E4M3, zeros at their ends.
struct Weights8 {
  bool fp8;
  int inputs;
  Buffer<uint8_t> codes;
  Buffer<float> scale;

  Weights8(Random& random, bool fp8, int outputs, int inputs)
      : fp8(fp8),
        inputs(inputs),
        codes((size_t)outputs * productPitch8(inputs)),
        scale((size_t)outputs) {
    for (int o = 0; o < outputs; o++) {
      scale[(size_t)o] = (float)std::exp(uniform(random, -6, 3));
      for (int i = 0; i < productPitch8(inputs); i++) {
        uint8_t code = (uint8_t)between(random, 0, 255);
        if (fp8 && (code & 0x7F) == 0x7F) code ^= 1;  // no number
        codes[(size_t)(o * productPitch8(inputs) + i)] = i < inputs ? code : 0;
      }
    }
  }
  double at(int output, int input) {
    uint8_t code = codes[(size_t)(output * productPitch8(inputs) + input)];
    return fp8 ? fp8ToDouble(code) : (double)(int8_t)code;
  }
};

void embedsBytes(Random& random) {
  for (bool fp8 : {false, true}) {
    // Every code in both a row's halves, and a row that is no multiple of 16.
    int hidden = 8 * (2 * between(random, 40, 60) + 1), rows = 2;
    Weights8 table(random, fp8, 3, hidden);
    for (int i = 0; i < 256; i++)
      if (!fp8 || (i & 0x7F) != 0x7F) table.codes[(size_t)(productPitch8(hidden) + i)] = (uint8_t)i;
    Buffer<int> count(std::vector<int>{rows}), token(std::vector<int>{1, 2, 1 << 30});
    Buffer<float> stream((size_t)rows * hidden);
    if (fp8)
      LAUNCH(cf_embed_fp8, {3}, 128, 0, count, token, table.codes, table.scale, stream, hidden);
    else
      LAUNCH(cf_embed_int8, {3}, 128, 0, count, token, table.codes, table.scale, stream, hidden);
    for (int r = 0; r < rows; r++)
      for (int i = 0; i < hidden; i++)
        if (stream[(size_t)(r * hidden + i)] !=
            (float)table.at(r + 1, i) * table.scale[(size_t)r + 1])
          failTest("embedding of row %d in eight bits", r);
    stream.checkTail();
  }
}

void normalises(Random& random) {
  for (int round = 0; round < 8; round++) {
    int hidden = 8 * between(random, 1, 300), rows = between(random, 1, 7), outputs = rows;
    double epsilon = 1e-5;
    PlaneSet planes(random, rows, hidden);
    bool add = round % 4 != 0, gather = round % 2 == 1;
    Buffer<float> stream(randomFloats(random, (size_t)rows * hidden, 3)),
        weight(randomFloats(random, (size_t)hidden));
    std::vector<float> before = stream.copy();
    std::vector<int> index;
    for (int r = 0; r < rows; r++)
      if (!gather || between(random, 0, 1)) index.push_back(r);
    std::shuffle(index.begin(), index.end(), random);
    if (!gather) std::sort(index.begin(), index.end());
    outputs = (int)index.size();
    Buffer<int> count(std::vector<int>{outputs}), indices(index);
    Buffer<bf16> normed((size_t)outputs * hidden);
    Buffer<float> exact((size_t)outputs * hidden);
    LAUNCH(cf_norm, {(unsigned)rows + 2}, 256, 0, count, gather ? indices.get() : nullptr, stream,
           hidden, planes.planes.get(), add ? planes.count : 0, planes.stride,
           planes.hasBias ? planes.bias.get() : nullptr,
           planes.hasDelta ? planes.delta.get() : nullptr, planes.slot.get(), weight,
           (float)epsilon, normed, exact);
    for (int i = 0; i < outputs; i++) {
      int r = index[(size_t)i];
      std::vector<double> x((size_t)hidden);
      double squares = 0;
      for (int c = 0; c < hidden; c++) {
        x[(size_t)c] = before[(size_t)(r * hidden + c)] + (add ? planes.at(r, c) : 0);
        near(stream[(size_t)(r * hidden + c)], x[(size_t)c], 1e-5, 1e-5, "stream", c);
        squares += x[(size_t)c] * x[(size_t)c];
      }
      for (int c = 0; c < hidden; c++) {
        double y = x[(size_t)c] / std::sqrt(squares / hidden + epsilon) * weight[(size_t)c];
        near(exact[(size_t)(i * hidden + c)], y, 1e-5, 1e-5, "norm", c);
        near(bf16ToFloat(normed[(size_t)(i * hidden + c)]), y, 0.004, 1e-5, "norm in BF16", c);
      }
    }
    stream.checkTail();
    normed.checkTail();
  }
}

void gathers(Random& random) {
  int rowBytes = 16 * between(random, 1, 300), rows = 9;
  Buffer<int> count(std::vector<int>{3}), index(std::vector<int>{7, 0, 4});
  Buffer<uint8_t> from((size_t)(rows * rowBytes)), to((size_t)(3 * rowBytes));
  for (size_t i = 0; i < from.size(); i++) from[i] = (uint8_t)random();
  LAUNCH(cf_gather, {5}, 128, 0, count, index, from, to, rowBytes);
  for (int i = 0; i < 3; i++)
    same(to.get() + i * rowBytes, from.get() + index[(size_t)i] * rowBytes, (size_t)rowBytes,
         "gather");
}

// A pool in BF16 or in E4M3, and what it says of a head's element.
struct Pool {
  bool fp8;
  int kvHeads, d;
  int64_t blockElements;
  Buffer<bf16> halves;
  Buffer<uint8_t> bytes;

  Pool(bool fp8, int blocks, int layers, int kvHeads, int d)
      : fp8(fp8),
        kvHeads(kvHeads),
        d(d),
        blockElements(layers * 2 * kvHeads * (fp8 ? kvHeadBytes8(d) : (int64_t)16 * d)),
        halves(fp8 ? 1 : (size_t)(blocks * blockElements)),
        bytes(fp8 ? (size_t)(blocks * blockElements) : 1) {}
  void* get() { return fp8 ? (void*)bytes.get() : (void*)halves.get(); }
  size_t head(int block, int layer, int kv) const {
    return (size_t)(block * blockElements +
                    (layer * 2 * kvHeads + kv) * (fp8 ? kvHeadBytes8(d) : (int64_t)16 * d));
  }
  double scale(int block, int layer, int kv, int token) {
    bf16 of;
    memcpy(&of, bytes.get() + head(block, layer, kv) + (size_t)(16 * d + 2 * token), 2);
    return bf16ToFloat(of);
  }
  double at(int block, int layer, int kv, int token, int i) {
    size_t place = head(block, layer, kv) + (size_t)(token * d + i);
    return fp8 ? fp8ToDouble(bytes[place]) * scale(block, layer, kv, token)
               : bf16ToFloat(halves[place]);
  }
  size_t changed() {
    size_t changed = 0;
    for (size_t i = 0; !fp8 && i < halves.size(); i++) changed += halves[i] != 0xFFFF;
    for (size_t i = 0; fp8 && i < bytes.size(); i++) changed += bytes[i] != 0xFF;
    return changed;
  }
};

void rotatesAndStores(Random& random) {
  for (int round = 0; round < 10; round++) {
    bool fp8 = round >= 6;
    int d = 16 * between(random, 1, 16), kvHeads = between(random, 1, 3),
        heads = kvHeads * between(random, 1, 4);
    int rows = between(random, 1, 6), layers = between(random, 1, 3),
        layer = between(random, 0, layers - 1), positions = 70;
    int blocks = 12;
    bool norms = round % 2 == 0;
    PlaneSet planes(random, rows, (heads + 2 * kvHeads) * d);
    // Of very different sizes, so that each head's scale is its own; and a head of zeros.
    for (int h = 0; fp8 && h < heads + 2 * kvHeads; h++)
      for (int r = 0; r < rows; r++)
        for (int i = h * d; i < (h + 1) * d; i++) {
          double factor = h == heads + 2 * kvHeads - 1 ? 0 : std::ldexp(1, 3 * h - 9);
          for (int p = 0; p < planes.count; p++)
            planes.planes[(size_t)(p * planes.stride + r * planes.outputs + i)] *= (float)factor;
          planes.bias[(size_t)i] = 0;
          planes.delta[(size_t)(r * planes.outputs + i)] *= (float)factor;
        }
    Buffer<float> queryNorm(randomFloats(random, (size_t)d)),
        keyNorm(randomFloats(random, (size_t)d)), rotary((size_t)positions * d);
    for (int p = 0; p < positions; p++)
      for (int i = 0; i < d / 2; i++) {
        double angle = p * std::pow(10000, -2.0 * i / d);
        rotary[(size_t)(p * d + 2 * i)] = (float)std::cos(angle);
        rotary[(size_t)(p * d + 2 * i + 1)] = (float)std::sin(angle);
      }
    std::vector<int> ids((size_t)blocks);
    for (int i = 0; i < blocks; i++) ids[(size_t)i] = i;
    std::shuffle(ids.begin(), ids.end(), random);
    // Two sequences: the first rows with blocks from entry 2 on, the others from entry 7.
    Buffer<int> count(std::vector<int>{rows}), position((size_t)rows), tableAt((size_t)rows),
        table(ids);
    for (int r = 0; r < rows; r++) {
      bool second = r >= rows / 2;
      position[(size_t)r] = second ? 17 + r : 14 + r;
      tableAt[(size_t)r] = second ? 7 : 2;
    }
    Buffer<bf16> query((size_t)(rows * heads * d));
    Pool pool(fp8, blocks, layers, kvHeads, d);
    launch(cf_rotate_store, fp8 ? "cf_rotate_store_fp8" : "cf_rotate_store", {(unsigned)rows + 1},
           256, 0, count, OF(planes), norms ? queryNorm.get() : nullptr,
           norms ? keyNorm.get() : nullptr, 1e-6f, rotary, position, tableAt, table, query,
           pool.get(), pool.blockElements, layer, heads, kvHeads, d);
    size_t written = 0;
    for (int r = 0; r < rows; r++)
      for (int h = 0; h < heads + 2 * kvHeads; h++) {
        std::vector<double> v((size_t)d);
        double squares = 0;
        for (int i = 0; i < d; i++) {
          v[(size_t)i] = planes.at(r, h * d + i);
          squares += v[(size_t)i] * v[(size_t)i];
        }
        bool value = h >= heads + kvHeads;
        if (norms && !value)
          for (int i = 0; i < d; i++)
            v[(size_t)i] *=
                (h < heads ? queryNorm : keyNorm)[(size_t)i] / std::sqrt(squares / d + 1e-6);
        std::vector<double> y = v;
        if (!value)
          for (int i = 0; i < d / 2; i++) {
            double angle = position[(size_t)r] * std::pow(10000, -2.0 * i / d);
            y[(size_t)i] =
                v[(size_t)i] * std::cos(angle) - v[(size_t)(d / 2 + i)] * std::sin(angle);
            y[(size_t)(d / 2 + i)] =
                v[(size_t)(d / 2 + i)] * std::cos(angle) + v[(size_t)i] * std::sin(angle);
          }
        int p = position[(size_t)r];
        int block = table[(size_t)(tableAt[(size_t)r] + p / 16)], kv = h - heads;
        double largest = 0;
        for (int i = 0; i < d; i++) largest = std::max(largest, std::abs(y[(size_t)i]));
        for (int i = 0; i < d; i++) {
          if (h < heads) {
            near(bf16ToFloat(query[(size_t)((r * heads + h) * d + i)]), y[(size_t)i], 0.004,
                 2e-5 * largest + 2e-7, "rotated", i);
          } else if (!fp8) {
            near(pool.at(block, layer, kv, p % 16, i), y[(size_t)i], 0.004, 2e-5, "rotated", i);
          } else {
            // Half a step of its own, of the least exponent's where it is small.
            near(pool.at(block, layer, kv, p % 16, i), y[(size_t)i], 1.0 / 16,
                 std::ldexp(pool.scale(block, layer, kv, p % 16), -10) + 2e-5 * largest,
                 "rotated, in eight bits", i);
          }
        }
        if (h < heads) continue;
        written += (size_t)d + (fp8 ? 2 : 0);
        if (!fp8 || largest == 0) continue;
        double scale = pool.scale(block, layer, kv, p % 16);
        if (!(largest <= 448.01 * scale && largest > 223.99 * scale &&
              std::exp2(std::round(std::log2(scale))) == scale))
          failTest("a head of at most %g has the scale %g", largest, scale);
      }
    if (pool.changed() != written)
      failTest("%zu elements of the pool were written (expected: %zu)", pool.changed(), written);
    query.checkTail();
    pool.bytes.checkTail();
    pool.halves.checkTail();
  }
}

// Every nearest E4M3, also halfway between two; and what is not finite.
void roundsToBytes(Random&) {
  for (bool finite : {true, false}) {
    const int d = 256;
    std::vector<float> sizes{448};
    for (int code = 0; code < 126; code++) {
      double low = fp8ToDouble((uint8_t)code), high = fp8ToDouble((uint8_t)(code + 1));
      sizes.push_back((float)low);
      sizes.push_back((float)((low + high) / 2));
    }
    Buffer<float> planes((size_t)(3 * d)), rotary((size_t)d);
    for (int i = 0; i < d / 2; i++) rotary[(size_t)(2 * i)] = 1, rotary[(size_t)(2 * i + 1)] = 0;
    for (int i = 0; i < 3 * d; i++) {
      size_t of = (size_t)(i % d) % sizes.size();
      planes[(size_t)i] = (i < 2 * d ? 1.f : -1.f) * sizes[of];
    }
    if (!finite) planes[(size_t)(d + 7)] = NAN, planes[(size_t)(2 * d + 9)] = INFINITY;
    Buffer<int> one(std::vector<int>{1}), zero(std::vector<int>{0});
    Buffer<bf16> query((size_t)d);
    Pool pool(true, 1, 1, 1, d);
    launch(cf_rotate_store, "cf_rotate_store_fp8", {1}, 256, 0, one, planes.get(), 1,
           (int64_t)(3 * d), nullptr, nullptr, zero.get(), nullptr, nullptr, 1e-6f, rotary, zero,
           zero, zero, query, pool.get(), pool.blockElements, 0, 1, 1, d);
    for (int kv = 0; kv < 2; kv++)
      for (int i = 0; i < d; i++) {
        double value = pool.at(0, 0, kv, 0, i);
        int of = i % (int)sizes.size();  // 448, then each code and what is halfway to the next
        int below = (of - 1) / 2, even = of == 0 ? 126 : of % 2 == 1 ? below : (below + 1) / 2 * 2;
        double expected = fp8ToDouble((uint8_t)even) * (kv == 0 ? 1 : -1);
        if (finite ? value != expected : !std::isnan(value))
          failTest("%g became %g", planes[(size_t)((kv + 1) * d + i)], value);
      }
  }
}

void gates(Random& random) {
  for (int round = 0; round < 4; round++) {
    int width = 4 * between(random, 1, 600), rows = between(random, 1, 5);
    PlaneSet planes(random, rows, 2 * width);
    Buffer<int> count(std::vector<int>{rows});
    Buffer<bf16> out((size_t)(rows * width));
    LAUNCH(cf_gate, {(unsigned)rows + 1, ceilDiv(width, 1024)}, 256, 0, count, OF(planes), out,
           width);
    for (int r = 0; r < rows; r++)
      for (int i = 0; i < width; i++) {
        double gate = planes.at(r, i), up = planes.at(r, width + i);
        near(bf16ToFloat(out[(size_t)(r * width + i)]), gate / (1 + std::exp(-gate)) * up, 0.004,
             1e-5, "gate", i);
      }
    out.checkTail();
  }
}

// A product by the kernel of tile width n, its planes merged in order as its readers do.
std::vector<float> productOf(int n, int rows, int bucket, Buffer<bf16>& weights, Buffer<bf16>& x,
                             int outputs, int inputs, int split, bool planes) {
  int splits = (int)ceilDiv(inputs, split), z = planes ? splits : 1;
  int64_t stride = (int64_t)rows * outputs + 8;
  Buffer<int> count(std::vector<int>{rows});
  Buffer<float> out((size_t)(stride * z));
  auto kernel = n == 8     ? cf_product_8
                : n == 16  ? cf_product_16
                : n == 32  ? cf_product_32
                : n == 64  ? cf_product_64
                : n == 128 ? cf_product_128
                           : cf_product_256;
  std::string name = "cf_product_" + std::to_string(n);
  launch(kernel, name.c_str(), {ceilDiv(bucket, n), ceilDiv(outputs, 128), (unsigned)z}, 256,
         (unsigned)productShared(n), count, weights, x, out, outputs, inputs, split, stride);
  out.checkTail();
  std::vector<float> sum((size_t)(rows * outputs));
  for (size_t i = 0; i < sum.size(); i++) {
    sum[i] = out[i];
    for (int p = 1; p < z; p++) sum[i] += out[(size_t)(p * stride) + i];
  }
  return sum;
}

// The same with weights in eight bits.
std::vector<float> productOf(int n, int rows, int bucket, Weights8& weights, Buffer<bf16>& x,
                             int outputs, int inputs, int split, bool planes) {
  int splits = (int)ceilDiv(inputs, split), z = planes ? splits : 1;
  int64_t stride = (int64_t)rows * outputs + 8;
  Buffer<int> count(std::vector<int>{rows});
  Buffer<float> out((size_t)(stride * z));
  std::string name = (weights.fp8 ? "cf_product_fp8_" : "cf_product_int8_") + std::to_string(n);
  launch(cf_product_int8_8, name.c_str(), {ceilDiv(bucket, n), ceilDiv(outputs, 128), (unsigned)z},
         256, (unsigned)productShared8(n), count, weights.codes, weights.scale, x, out, outputs,
         inputs, split, stride);
  out.checkTail();
  std::vector<float> sum((size_t)(rows * outputs));
  for (size_t i = 0; i < sum.size(); i++) {
    sum[i] = out[i];
    for (int p = 1; p < z; p++) sum[i] += out[(size_t)(p * stride) + i];
  }
  return sum;
}

const int WIDTHS[] = {8, 16, 32, 64, 128, 256};

void multipliesBytes(Random& random) {
  for (int round = 0; round < 10; round++) {
    int n = WIDTHS[round % 5];
    int outputs = between(random, 1, 200), inputs = 8 * between(random, 1, 50),
        rows = between(random, 1, n / 2 + 5);
    int split = round < 4 ? (inputs + 63) / 64 * 64 : 64 * between(random, 1, 3);
    Weights8 weights(random, round / 5 == 1, outputs, inputs);
    Buffer<bf16> x(randomBf16(random, (size_t)rows * inputs));
    std::vector<float> y = productOf(n, rows, rows + between(random, 0, 20), weights, x, outputs,
                                     inputs, split, round % 2);
    for (int r = 0; r < rows; r++)
      for (int o = 0; o < outputs; o++) {
        double sum = 0, size = 0;
        for (int i = 0; i < inputs; i++) {
          double product = weights.at(o, i) * bf16ToFloat(x[(size_t)(r * inputs + i)]);
          sum += product;
          size += std::abs(product);
        }
        double scale = weights.scale[(size_t)o];
        near(y[(size_t)(r * outputs + o)], sum * scale, 0, 1e-6 * size * scale,
             "product in eight bits", r * outputs + o);
      }
  }
}

void productsOfBytesKeepBits(Random& random) {
  for (int round = 0; round < 2; round++) {
    int outputs = between(random, 100, 200), inputs = 8 * between(random, 30, 60),
        rows = between(random, 20, 70);
    int split = 64 * between(random, 1, 3);
    Weights8 weights(random, round == 1, outputs, inputs);
    Buffer<bf16> x(randomBf16(random, (size_t)rows * inputs));
    std::vector<float> all =
        productOf(128, rows, rows, weights, x, outputs, inputs, split, false);
    for (int n : WIDTHS) {
      if (n > 128) continue;
      int from = between(random, 0, rows - 1),
          part = between(random, 1, std::min(rows - from, 2 * n));
      Buffer<bf16> some(
          std::vector<bf16>(x.get() + from * inputs, x.get() + (from + part) * inputs));
      std::vector<float> y =
          productOf(n, part, part, weights, some, outputs, inputs, split, n % 32 == 0);
      same(y.data(), all.data() + from * outputs, y.size(), "product in eight bits of some rows");
    }
  }
}

void multiplies(Random& random) {
  for (int round = 0; round < 14; round++) {
    int n = WIDTHS[round % 6];
    int outputs = between(random, 1, 300), inputs = 8 * between(random, 1, 90),
        rows = between(random, 1, n + 5);
    int split = round < 6 ? (inputs + 63) / 64 * 64 : 64 * between(random, 1, 4);
    Buffer<bf16> weights(randomBf16(random, (size_t)outputs * inputs)),
        x(randomBf16(random, (size_t)rows * inputs));
    std::vector<float> y = productOf(n, rows, rows + between(random, 0, 20), weights, x, outputs,
                                     inputs, split, round % 2);
    for (int r = 0; r < rows; r++)
      for (int o = 0; o < outputs; o++) {
        double sum = 0, size = 0;
        for (int i = 0; i < inputs; i++) {
          double product = (double)bf16ToFloat(weights[(size_t)(o * inputs + i)]) *
                           bf16ToFloat(x[(size_t)(r * inputs + i)]);
          sum += product;
          size += std::abs(product);
        }
        near(y[(size_t)(r * outputs + o)], sum, 0, 1e-6 * size, "product", r * outputs + o);
      }
  }
}

void productsKeepBits(Random& random) {
  for (int round = 0; round < 4; round++) {
    int outputs = between(random, 100, 300), inputs = 8 * between(random, 50, 110),
        rows = between(random, 20, 150);
    int split = round == 0 ? (inputs + 63) / 64 * 64 : 64 * between(random, 1, 4);
    Buffer<bf16> weights(randomBf16(random, (size_t)outputs * inputs)),
        x(randomBf16(random, (size_t)rows * inputs));
    std::vector<float> all = productOf(between(random, 0, 1) ? 128 : 256, rows, rows, weights, x,
                                       outputs, inputs, split, false);
    for (int n : WIDTHS) {
      // Some rows of them, elsewhere in a tile, with and without planes.
      int from = between(random, 0, rows - 1),
          part = between(random, 1, std::min(rows - from, 2 * n));
      Buffer<bf16> some(
          std::vector<bf16>(x.get() + from * inputs, x.get() + (from + part) * inputs));
      std::vector<float> y =
          productOf(n, part, part, weights, some, outputs, inputs, split, random() % 2);
      same(y.data(), all.data() + from * outputs, y.size(), "product of some rows");
    }
  }
}

}  // namespace

void addRowTests(std::vector<Case>& cases) {
  cases.push_back({"a row's stream begins as its token's embedding", embeds});
  cases.push_back(
      {"a norm adds planes, bias and adapter to the stream and normalises it", normalises});
  cases.push_back({"rows are gathered", gathers});
  cases.push_back(
      {"queries and keys are normalised and rotated, and keys and values reach their block",
       rotatesAndStores});
  cases.push_back({"keys and values in eight bits are the nearest, and none where one is none",
                   roundsToBytes});
  cases.push_back({"the gate is SwiGLU", gates});
  cases.push_back({"a product is that of double precision within F32's rounding", multiplies});
  cases.push_back({"a row's stream begins as its token's embedding in eight bits", embedsBytes});
  cases.push_back(
      {"a product with weights in eight bits is that of double precision", multipliesBytes});
  cases.push_back(
      {"a row's product with weights in eight bits has the same bits in every tile, split or not",
       productsOfBytesKeepBits});
  cases.push_back({"a row's product has the same bits in every tile, beside any rows, split or not",
                   productsKeepBits});
}
