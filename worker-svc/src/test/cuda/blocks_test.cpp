// Zeroing, residue and seals.
#include "tests.h"

namespace {

unsigned slices(int64_t bytes) { return (unsigned)((bytes + 65535) / 65536); }

void zeroes(Random& random) {
  for (int64_t blockBytes : {16ll, 4096ll, 65536ll + 48, 3 * 65536ll}) {
    Buffer<uint8_t> pool((size_t)(7 * blockBytes));
    for (size_t i = 0; i < pool.size(); i++) pool[i] = (uint8_t)between(random, 0, 3);
    std::vector<uint8_t> before = pool.copy();
    Buffer<int> ids(std::vector<int>{5, 0, 3});
    Buffer<unsigned long long> residue(std::vector<unsigned long long>{0, 0, 0});
    LAUNCH(cf_residue, {slices(blockBytes), 3}, 256, 0, pool, blockBytes, ids, 3, residue);
    for (size_t i = 0; i < 3; i++) {
      unsigned long long expected = 0;
      for (int64_t b = 0; b < blockBytes; b++)
        expected += before[(size_t)(ids[i] * blockBytes + b)] != 0;
      if (residue[i] != expected) failTest("residue %llu (expected: %llu)", residue[i], expected);
    }
    LAUNCH(cf_zero_blocks, {slices(blockBytes), 3}, 256, 0, pool, blockBytes, ids, 3);
    for (int block = 0; block < 7; block++) {
      bool zeroed = block == 5 || block == 0 || block == 3;
      for (int64_t b = 0; b < blockBytes; b++) {
        size_t at = (size_t)(block * blockBytes + b);
        if (pool[at] != (zeroed ? 0 : before[at])) failTest("byte %ld of block %d", (long)b, block);
      }
    }
    pool.checkTail();
  }
}

// ---------------------------------------------------------------- AES-256 and Poly1305 as their standards write them

typedef std::vector<uint8_t> Bytes;

uint8_t times(uint8_t a, uint8_t b) {
  uint8_t p = 0;
  for (; b; b >>= 1) {
    if (b & 1) p ^= a;
    a = (uint8_t)(a << 1 ^ (a & 0x80 ? 0x1B : 0));
  }
  return p;
}

uint8_t sbox(uint8_t v) {
  static uint8_t table[256];
  static bool made;
  if (!made) {
    for (int x = 0; x < 256; x++) {
      uint8_t inverse = 0;
      for (int y = 1; y < 256 && x != 0; y++)
        if (times((uint8_t)x, (uint8_t)y) == 1) inverse = (uint8_t)y;
      uint8_t s = 0;
      for (int bit = 0; bit < 8; bit++) {
        int b = (inverse >> bit ^ inverse >> (bit + 4) % 8 ^ inverse >> (bit + 5) % 8 ^
                 inverse >> (bit + 6) % 8 ^ inverse >> (bit + 7) % 8 ^ 0x63 >> bit) &
                1;
        s = (uint8_t)(s | b << bit);
      }
      table[x] = s;
    }
    made = true;
  }
  return table[v];
}

std::vector<uint32_t> expandedKey(const Bytes& key) {
  std::vector<uint32_t> w(60);
  auto sub = [](uint32_t v) {
    return (uint32_t)sbox(v >> 24 & 255) << 24 | (uint32_t)sbox(v >> 16 & 255) << 16 |
           (uint32_t)sbox(v >> 8 & 255) << 8 | sbox(v & 255);
  };
  for (size_t i = 0; i < 8; i++)
    w[i] = (uint32_t)key[4 * i] << 24 | (uint32_t)key[4 * i + 1] << 16 |
           (uint32_t)key[4 * i + 2] << 8 | key[4 * i + 3];
  uint8_t round = 1;
  for (size_t i = 8; i < 60; i++) {
    uint32_t t = w[i - 1];
    if (i % 8 == 0) {
      t = sub(t << 8 | t >> 24) ^ (uint32_t)round << 24;
      round = times(round, 2);
    } else if (i % 8 == 4) {
      t = sub(t);
    }
    w[i] = w[i - 8] ^ t;
  }
  return w;
}

Bytes aes(const std::vector<uint32_t>& w, Bytes state) {
  auto addKey = [&](size_t round) {
    for (size_t i = 0; i < 16; i++)
      state[i] = (uint8_t)(state[i] ^ w[4 * round + i / 4] >> (24 - 8 * (i % 4)));
  };
  addKey(0);
  for (size_t round = 1; round <= 14; round++) {
    Bytes moved(16);
    for (size_t i = 0; i < 16; i++) moved[i] = sbox(state[(i + 4 * (i % 4)) % 16]);
    if (round < 14)
      for (size_t c = 0; c < 16; c += 4)
        for (size_t i = 0; i < 4; i++)
          state[c + i] = (uint8_t)(times(moved[c + i], 2) ^ times(moved[c + (i + 1) % 4], 3) ^
                                   moved[c + (i + 2) % 4] ^ moved[c + (i + 3) % 4]);
    else
      state = moved;
    addKey(round);
  }
  return state;
}

// By school arithmetic on bytes, little-endian.
Bytes poly1305(const Bytes& key, const Bytes& message) {
  std::vector<int> h(18), r(17);
  for (size_t i = 0; i < 16; i++) r[i] = key[i];
  for (size_t i : {3, 7, 11, 15}) r[i] &= 15;
  for (size_t i : {4, 8, 12}) r[i] &= 252;
  auto reduce = [](std::vector<long>& v) {
    // 2^130 is 5.
    for (int pass = 0; pass < 6; pass++) {
      long carry = 0;
      for (size_t i = 0; i < v.size(); i++) {
        carry += v[i];
        v[i] = carry & 255;
        carry >>= 8;
      }
      std::vector<long> low(40), high(40);
      for (size_t i = 0; i < v.size(); i++) {
        if (i < 16) low[i] += v[i];
        if (i == 16) {
          low[16] += v[16] & 3;
          high[0] += v[16] >> 2;
        }
        if (i > 16) {
          high[i - 17] += (v[i] & 3) << 6;
          high[i - 16] += v[i] >> 2;
        }
      }
      for (size_t i = 0; i < 40; i++) v[i] = low[i] + 5 * high[i];
    }
    long carry = 0;
    for (size_t i = 0; i < v.size(); i++) {
      carry += v[i];
      v[i] = carry & 255;
      carry >>= 8;
    }
  };
  std::vector<long> sum(40);
  for (size_t at = 0; at < message.size(); at += 16) {
    size_t n = std::min<size_t>(16, message.size() - at);
    for (size_t i = 0; i < n; i++) sum[i] += message[at + i];
    sum[n] += 1;
    std::vector<long> product(40);
    for (size_t i = 0; i < 18; i++)
      for (size_t j = 0; j < 17; j++) product[i + j] += sum[i] * r[j];
    sum = product;
    reduce(sum);
  }
  // The least remainder: 2^130 - 5 taken away where it can be.
  std::vector<long> more = sum;
  more[0] += 5;
  long carry = 0;
  for (size_t i = 0; i < 17; i++) {
    carry += more[i];
    more[i] = carry & 255;
    carry >>= 8;
  }
  if (more[16] & 4) sum = more;
  Bytes tag(16);
  carry = 0;
  for (size_t i = 0; i < 16; i++) {
    carry += sum[i] + key[16 + i];
    tag[i] = (uint8_t)carry;
    carry >>= 8;
  }
  return tag;
}

Bytes hex(const char* text) {
  Bytes out;
  for (; *text; text += 2)
    out.push_back((uint8_t)strtol(std::string(text, 2).c_str(), nullptr, 16));
  return out;
}

void standards(Random&) {
  // FIPS 197, C.3; SP 800-38A, F.5.5 (first block of CTR-AES256's output block); RFC 8439, 2.5.2
  // and A.3 #7 to #11 by their point: a sum at 2^130 - 5.
  if (aes(expandedKey(hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")),
          hex("00112233445566778899aabbccddeeff")) != hex("8ea2b7ca516745bfeafc49904b496089"))
    failTest("FIPS 197");
  if (aes(expandedKey(hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4")),
          hex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff")) != hex("0bdf7df1591716335e9a8b15c860c502"))
    failTest("SP 800-38A");
  std::string text = "Cryptographic Forum Research Group";
  if (poly1305(hex("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b"),
               Bytes(text.begin(), text.end())) != hex("a8061dc1305136c6c22b8baf0c0127a9"))
    failTest("RFC 8439, 2.5.2");
  if (poly1305(hex("0200000000000000000000000000000000000000000000000000000000000000"),
               hex("ffffffffffffffffffffffffffffffff")) != hex("03000000000000000000000000000000"))
    failTest("RFC 8439, A.3 #7");
}

struct Sealed {
  Bytes text, tags;
};

Sealed expectedSeal(const std::vector<uint32_t>& key, uint64_t seal, const Bytes& plain,
                    int partBytes) {
  Sealed out;
  for (size_t part = 0; part * (size_t)partBytes < plain.size(); part++) {
    size_t from = part * (size_t)partBytes, to = from + (size_t)partBytes;
    uint32_t counter = 0;
    auto block = [&]() {
      Bytes in(16);
      for (size_t i = 0; i < 8; i++) in[i] = (uint8_t)(seal >> (56 - 8 * i));
      for (size_t i = 0; i < 4; i++) in[8 + i] = (uint8_t)(part >> (24 - 8 * i));
      for (size_t i = 0; i < 4; i++) in[12 + i] = (uint8_t)(counter >> (24 - 8 * i));
      counter++;
      return aes(key, in);
    };
    Bytes mac = block(), second = block();
    mac.insert(mac.end(), second.begin(), second.end());
    Bytes cipher;
    for (size_t at = from; at < to; at += 16) {
      Bytes stream = block();
      for (size_t i = 0; i < 16; i++) cipher.push_back(plain[at + i] ^ stream[i]);
    }
    out.text.insert(out.text.end(), cipher.begin(), cipher.end());
    size_t length = to - from;
    for (size_t i = 0; i < 16; i++) cipher.push_back(i < 8 ? (uint8_t)(length >> 8 * i) : 0);
    Bytes tag = poly1305(mac, cipher);
    out.tags.insert(out.tags.end(), tag.begin(), tag.end());
  }
  return out;
}

Bytes randomBytes(Random& random, size_t n) {
  Bytes b(n);
  for (uint8_t& v : b) v = (uint8_t)random();
  return b;
}

void seals(Random& random) {
  for (int partBytes : {16, 512 + 16, 4544, SEAL_PART}) {
    size_t parts = (size_t)between(random, 1, 4);
    int64_t bytes = (int64_t)parts * partBytes;
    std::vector<uint32_t> keys[2] = {expandedKey(randomBytes(random, 32)),
                                     expandedKey(randomBytes(random, 32))};
    Buffer<uint32_t> key0(keys[0]), key1(keys[1]);
    Bytes plain[2] = {randomBytes(random, (size_t)bytes), randomBytes(random, (size_t)bytes)};
    Buffer<uint8_t> in0(plain[0]), in1(plain[1]), to1((size_t)bytes), tags0(16 * parts),
        tags1(16 * parts);
    uint64_t numbers[2] = {random(), random() % 100};
    // One in place, one to another place.
    Buffer<SealJob> jobs(
        std::vector<SealJob>{{in0.get(), in0.get(), tags0.get(), numbers[0], key0.get(), 0, 0},
                             {in1.get(), to1.get(), tags1.get(), numbers[1], key1.get(), 0, 0}});
    unsigned grid = (unsigned)between(random, 1, 2);
    LAUNCH(cf_seal, {grid}, 256, SEAL_SHARED, jobs, 2, (int)parts, partBytes);
    Sealed expected[2] = {expectedSeal(keys[0], numbers[0], plain[0], partBytes),
                          expectedSeal(keys[1], numbers[1], plain[1], partBytes)};
    same(in0.get(), expected[0].text.data(), (size_t)bytes, "cipher text in place");
    same(to1.get(), expected[1].text.data(), (size_t)bytes, "cipher text");
    same(tags0.get(), expected[0].tags.data(), 16 * parts, "tags");
    same(tags1.get(), expected[1].tags.data(), 16 * parts, "tags");
    same(in1.get(), plain[1].data(), (size_t)bytes, "what was sealed elsewhere");

    // A flipped bit of text or tag makes that block zeros, and that one alone.
    bool flipTag = random() % 2;
    if (flipTag)
      tags1[(size_t)(between(random, 0, (int)parts - 1) * 16 + 15)] ^= 0x20;
    else
      to1[(size_t)between(random, 0, (int)bytes - 1)] ^= 1;
    jobs[1].from = to1.get();
    LAUNCH(cf_open, {grid}, 256, SEAL_SHARED, jobs, 2, (int)parts, partBytes);
    LAUNCH(cf_open_verdict, {slices(bytes), 2}, 256, 0, jobs, 2, bytes);
    same(in0.get(), plain[0].data(), (size_t)bytes, "opened text");
    if (jobs[0].broken != 0 || jobs[1].broken != 1)
      failTest("broken: %d, %d (expected: 0, 1)", jobs[0].broken, jobs[1].broken);
    for (size_t i = 0; i < (size_t)bytes; i++)
      if (to1[i] != 0) failTest("byte %zu of a broken block is not zero", i);
    in0.checkTail();
    to1.checkTail();
    tags0.checkTail();
  }
}

// Layer after layer of three blocks, as a step opens them; one of them has a flipped bit in the
// second layer.
void opensLayers(Random& random) {
  const int LAYERS = 3, BLOCKS = 3, BROKEN = 1;
  for (int64_t layerBytes : {512ll + 16, (long long)SEAL_PART, SEAL_PART + 768ll}) {
    int partBytes = sealPart(layerBytes), parts = (int)layerBytes / partBytes;
    size_t bytes = (size_t)(LAYERS * layerBytes), ofLayer = (size_t)layerBytes;
    size_t tagBytes = 16 * (size_t)(LAYERS * parts);
    Buffer<uint32_t> key(expandedKey(randomBytes(random, 32)));
    std::vector<Bytes> plain;
    Bytes text, allTags;
    for (int b = 0; b < BLOCKS; b++) {
      plain.push_back(randomBytes(random, bytes));
      Sealed sealed = expectedSeal(key.copy(), (uint64_t)b + 7, plain[(size_t)b], partBytes);
      text.insert(text.end(), sealed.text.begin(), sealed.text.end());
      allTags.insert(allTags.end(), sealed.tags.begin(), sealed.tags.end());
    }
    text[BROKEN * bytes + ofLayer + (size_t)between(random, 0, (int)layerBytes - 1)] ^= 4;
    Buffer<uint8_t> pool(text), tags(allTags), to(BLOCKS * ofLayer);
    std::vector<SealJob> described;
    for (int b = 0; b < BLOCKS; b++)
      described.push_back({pool.get() + (size_t)b * bytes, to.get() + (size_t)b * ofLayer,
                           tags.get() + (size_t)b * tagBytes, (uint64_t)b + 7, key.get(), 0, 0});
    Buffer<SealJob> jobs(described);
    Buffer<int> count(std::vector<int>{BLOCKS}), broken(std::vector<int>{0});
    for (int layer = 0; layer < LAYERS; layer++) {
      LAUNCH(cf_open_layer, {(unsigned)between(random, 1, 2)}, 256, SEAL_SHARED, count, jobs, layer,
             parts, partBytes);
      LAUNCH(cf_open_layer_verdict, {BLOCKS + 1}, 256, 0, count, jobs, layerBytes, broken);
      for (int b = 0; b < BLOCKS; b++) {
        Bytes expected(plain[(size_t)b].begin() + layer * layerBytes,
                       plain[(size_t)b].begin() + (layer + 1) * layerBytes);
        if (b == BROKEN && layer > 0) expected.assign(ofLayer, 0);
        same(to.get() + (size_t)b * ofLayer, expected.data(), ofLayer, "a layer that was opened");
      }
      if (broken[0] != (layer > 0)) failTest("broken: %d in layer %d", broken[0], layer);
    }
    same(pool.get(), text.data(), text.size(), "what is sealed");
    to.checkTail();
  }
}

}  // namespace

void addBlockTests(std::vector<Case>& cases) {
  cases.push_back({"listed blocks become zeros, and residue is counted byte by byte", zeroes});
  cases.push_back({"the tests' own AES-256 and Poly1305 are those of their standards", standards});
  cases.push_back(
      {"a sealed block is AES-256-CTR and Poly1305, and opens only as it was sealed", seals});
  cases.push_back(
      {"a layer of a sealed block opens beside it, and is zeros once the seal is broken",
       opensLayers});
}
