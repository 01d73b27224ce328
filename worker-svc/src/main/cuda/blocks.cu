// KV blocks: zeroing, looking for what is left in them, and sealing them.
#include "device.cuh"

namespace {

constexpr int64_t SLICE = 65536;  // bytes of a block that one thread block does

struct Slice {
  char* at;
  int chunks;  // of 16 bytes
};

DEVICE Slice sliceOf(void* base, int64_t bytes) {
  int64_t from = (int64_t)blockIdx.x * SLICE;
  Slice s;
  s.at = (char*)base + from;
  s.chunks = (int)((bytes - from < SLICE ? bytes - from : SLICE) / 16);
  return s;
}

DEVICE void zero(Slice s) {
  for (int i = (int)threadIdx.x; i < s.chunks - (MUTANT(12) ? 1 : 0); i += (int)blockDim.x)
    ((uint4*)s.at)[i] = make_uint4(0, 0, 0, 0);
}

DEVICE unsigned bytesNotZero(uint32_t word) {
  uint32_t any = word | word >> 4;
  any |= any >> 2;
  // The shifts bring bits of the next byte into the high ones: only the lowest bit of each byte
  // counts.
  any = (any | any >> 1) & 0x01010101u;
  return (unsigned)__popc(any);
}

}  // namespace

KERNEL __launch_bounds__(256)
    cf_zero_blocks(void* pool, int64_t blockBytes, const int* block, int count) {
  gridBegin();
  if ((int)blockIdx.y < count)
    zero(sliceOf((char*)pool + block[blockIdx.y] * blockBytes, blockBytes));
}

KERNEL __launch_bounds__(256) cf_residue(const void* pool, int64_t blockBytes, const int* block,
                                         int count, unsigned long long* residue) {
  gridBegin();
  if ((int)blockIdx.y >= count) return;
  Slice s = sliceOf((char*)pool + block[blockIdx.y] * blockBytes, blockBytes);
  unsigned found = 0;
  for (int i = (int)threadIdx.x; i < s.chunks; i += (int)blockDim.x) {
    uint4 v = ((const uint4*)s.at)[i];
    found += bytesNotZero(v.x) + bytesNotZero(v.y) + bytesNotZero(v.z) + bytesNotZero(v.w);
  }
#pragma unroll
  for (int mask = 16; mask > 0; mask /= 2) found += __shfl_xor_sync(0xFFFFFFFFu, found, mask);
  if (threadIdx.x % 32 == 0 && found > 0)
    atomicAdd(residue + blockIdx.y, (unsigned long long)found);
}

// ---------------------------------------------------------------- AES-256 (FIPS 197)

namespace {

// For each byte: its substitute times 2, 1, 1, 3 in GF(2^8), the first one high. The other columns'
// tables are this one turned; one of them is kept, too, for the turning takes most of the time.
struct AesTable {
  uint32_t at[256];
};

constexpr uint32_t twice(uint32_t v) { return (v << 1 ^ (v & 0x80 ? 0x11B : 0)) & 0xFF; }

constexpr AesTable aesTable() {
  AesTable table = {};
  // 3 generates the field's group: p runs through all of it, q through the inverses.
  uint32_t p = 1, q = 1;
  do {
    p = p ^ twice(p);
    q = (q ^ q << 1) & 0xFF;
    q = (q ^ q << 2) & 0xFF;
    q = (q ^ q << 4) & 0xFF;
    if (q & 0x80) q ^= 0x09;
    uint32_t s =
        (q ^ (q << 1 | q >> 7) ^ (q << 2 | q >> 6) ^ (q << 3 | q >> 5) ^ (q << 4 | q >> 4)) & 0xFF;
    s ^= 0x63;
    table.at[p] = twice(s) << 24 | s << 16 | s << 8 | (twice(s) ^ s);
  } while (p != 1);
  table.at[0] = twice(0x63) << 24 | 0x630000 | 0x6300 | (twice(0x63) ^ 0x63);
  return table;
}

__constant__ AesTable AES = aesTable();

constexpr int TABLE_BYTES = 256 * 32 * 4;
constexpr int KEY_WORDS = 60;
constexpr int COUNTERS_BEFORE = 2;  // that make the MAC's key

// Each lane has the table in a bank of its own: every access takes the same time, whatever the
// secret.
struct AesTables {
  const char* all;
  uint32_t lane4;    // bytes to this lane's bank
  const uint4* key;  // 15 round keys of the warp's
};

template <int BYTE>
DEVICE uint32_t substitute(const AesTables& tables, uint32_t word) {
  uint32_t at = ((BYTE == 0 ? word << 7 : word >> (8 * BYTE - 7)) & 0x7F80) | tables.lane4;
  return *(const uint32_t*)(tables.all + at);
}

// The same turned right by a byte, out of a table of its own.
template <int BYTE>
DEVICE uint32_t substituteTurned(const AesTables& tables, uint32_t word) {
  uint32_t at = ((BYTE == 0 ? word << 7 : word >> (8 * BYTE - 7)) & 0x7F80) | tables.lane4;
  return *(const uint32_t*)(tables.all + TABLE_BYTES + at);
}

DEVICE uint32_t halvesSwapped(uint32_t word) { return __byte_perm(word, 0, 0x1032); }

DEVICE uint32_t column(const AesTables& tables, uint32_t a, uint32_t b, uint32_t c, uint32_t d,
                       uint32_t key) {
  return substitute<3>(tables, a) ^ substituteTurned<2>(tables, b) ^ key ^
         halvesSwapped(substitute<1>(tables, c) ^ substituteTurned<0>(tables, d));
}

DEVICE uint32_t lastColumn(const AesTables& tables, uint32_t a, uint32_t b, uint32_t c, uint32_t d,
                           uint32_t key) {
  // Bytes 1 and 2 of the table are the substitute itself.
  uint32_t high = __byte_perm(substitute<3>(tables, a), substitute<2>(tables, b), 0x2600);
  uint32_t low = __byte_perm(substitute<1>(tables, c), substitute<0>(tables, d), 0x0026);
  return __byte_perm(low, high, 0x7610) ^ key;
}

// Substitutes of byte 3 of a column's first word, 2 of its second and so on, as they add to the
// next column.
DEVICE uint32_t byte3(const AesTables& tables, uint32_t word) {
  return substitute<3>(tables, word);
}
DEVICE uint32_t byte2(const AesTables& tables, uint32_t word) {
  return substituteTurned<2>(tables, word);
}
DEVICE uint32_t byte1(const AesTables& tables, uint32_t word) {
  return halvesSwapped(substitute<1>(tables, word));
}
DEVICE uint32_t byte0(const AesTables& tables, uint32_t word) {
  return halvesSwapped(substituteTurned<0>(tables, word));
}

// What is the same for all counters of a part, which differ in 16 bits: all but 2 lookups of the
// first round's 16, and 8 of the second's (Bernstein and Schwabe, New AES software speed records,
// 2008).
struct Beginning {
  uint32_t last;            // the counter's word before the counter
  uint32_t first0, first1;  // of the two columns that the counter is in after the first round
  uint32_t second0, second1, second2, second3;
};

DEVICE Beginning beginningOf(const AesTables& tables, uint32_t high, uint32_t low, uint32_t part) {
  uint4 k0 = tables.key[0], k1 = tables.key[1], k2 = tables.key[2];
  uint32_t a = high ^ k0.x, b = low ^ k0.y, c = part ^ k0.z;
  Beginning of;
  of.last = k0.w;
  of.first0 = byte3(tables, a) ^ byte2(tables, b) ^ byte1(tables, c) ^ k1.x;
  of.first1 = byte3(tables, b) ^ byte2(tables, c) ^ byte0(tables, a) ^ k1.y;
  uint32_t third =
      byte3(tables, c) ^ byte2(tables, k0.w) ^ byte1(tables, a) ^ byte0(tables, b) ^ k1.z;
  uint32_t fourth =
      byte3(tables, k0.w) ^ byte2(tables, a) ^ byte1(tables, b) ^ byte0(tables, c) ^ k1.w;
  of.second0 = byte1(tables, third) ^ byte0(tables, fourth) ^ k2.x;
  of.second1 = byte2(tables, third) ^ byte1(tables, fourth) ^ k2.y;
  of.second2 = byte3(tables, third) ^ byte2(tables, fourth) ^ k2.z;
  of.second3 = byte3(tables, fourth) ^ byte0(tables, third) ^ k2.w;
  return of;
}

// The cipher of the part's block of a counter below 65,536, in big-endian words.
DEVICE uint4 encrypt(const AesTables& tables, const Beginning& of, uint32_t counter) {
  uint32_t last = of.last ^ counter;
  uint32_t a = of.first0 ^ byte0(tables, last), b = of.first1 ^ byte1(tables, last);
  uint4 v = make_uint4(of.second0 ^ byte3(tables, a) ^ byte2(tables, b),
                       of.second1 ^ byte3(tables, b) ^ byte0(tables, a),
                       of.second2 ^ byte1(tables, a) ^ byte0(tables, b),
                       of.second3 ^ byte2(tables, a) ^ byte1(tables, b));
  uint4 k;
#pragma unroll
  for (int round = 3; round < 14; round++) {
    k = tables.key[round];
    v = make_uint4(column(tables, v.x, v.y, v.z, v.w, k.x), column(tables, v.y, v.z, v.w, v.x, k.y),
                   column(tables, v.z, v.w, v.x, v.y, k.z),
                   column(tables, v.w, v.x, v.y, v.z, k.w));
  }
  k = tables.key[14];
  return make_uint4(
      lastColumn(tables, v.x, v.y, v.z, v.w, k.x), lastColumn(tables, v.y, v.z, v.w, v.x, k.y),
      lastColumn(tables, v.z, v.w, v.x, v.y, k.z), lastColumn(tables, v.w, v.x, v.y, v.z, k.w));
}

DEVICE uint32_t swapBytes(uint32_t word) { return __byte_perm(word, 0, 0x0123); }

DEVICE uint4 swapBytes(uint4 v) {
  return make_uint4(swapBytes(v.x), swapBytes(v.y), swapBytes(v.z), swapBytes(v.w));
}

// ---------------------------------------------------------------- Poly1305 (RFC 8439), numbers of five limbs of 26 bits

struct Limbs {
  uint32_t at[5];
};

DEVICE Limbs limbsOf(uint4 v, uint32_t bit128) {
  Limbs l;
  l.at[0] = v.x & 0x3FFFFFF;
  l.at[1] = __funnelshift_r(v.x, v.y, 26) & 0x3FFFFFF;
  l.at[2] = __funnelshift_r(v.y, v.z, 20) & 0x3FFFFFF;
  l.at[3] = __funnelshift_r(v.z, v.w, 14) & 0x3FFFFFF;
  l.at[4] = v.w >> 8 | bit128 << 24;
  return l;
}

DEVICE Limbs add(Limbs a, const Limbs& b) {
#pragma unroll
  for (int i = 0; i < 5; i++) a.at[i] += b.at[i];
  return a;
}

// a · b mod 2^130 - 5, limbs of at most 26 bits and a little; those of `a` may have 28.
DEVICE Limbs times(const Limbs& a, const Limbs& b) {
  uint64_t sum[5];
#pragma unroll
  for (int i = 0; i < 5; i++) {
    sum[i] = 0;
#pragma unroll
    for (int j = 0; j < 5; j++)
      sum[i] += (uint64_t)a.at[j] * (j <= i ? b.at[i - j] : 5 * b.at[5 + i - j]);
  }
  Limbs out;
#pragma unroll
  for (int i = 0; i < 4; i++) {
    sum[i + 1] += sum[i] >> 26;
    out.at[i] = (uint32_t)sum[i] & 0x3FFFFFF;
  }
  out.at[4] = (uint32_t)sum[4] & 0x3FFFFFF;
  uint64_t low = out.at[0] + 5 * (sum[4] >> 26);
  out.at[0] = (uint32_t)low & 0x3FFFFFF;
  out.at[1] += (uint32_t)(low >> 26);
  return out;
}

DEVICE Limbs shuffled(const Limbs& v, int lane) {
  Limbs out;
#pragma unroll
  for (int i = 0; i < 5; i++) out.at[i] = __shfl_sync(0xFFFFFFFFu, v.at[i], lane);
  return out;
}

// Lane i gets r^(i + 1).
DEVICE Limbs powers(const Limbs& r, int lane) {
  Limbs power = r;
#pragma unroll
  for (int step = 1; step < 32; step *= 2) {
    Limbs other = shuffled(power, (lane & step) != 0 ? lane - step : lane);
    Limbs product = times(other, shuffled(power, step - 1));
#pragma unroll
    for (int i = 0; i < 5; i++) power.at[i] = (lane & step) != 0 ? product.at[i] : power.at[i];
  }
  return power;
}

// The number mod 2^130 - 5 mod 2^128, plus s.
DEVICE uint4 tagOf(Limbs h, uint4 s) {
#pragma unroll
  for (int pass = 0; pass < 2; pass++) {
    uint32_t carry = 0;
#pragma unroll
    for (int i = 0; i < 5; i++) {
      h.at[i] += carry;
      carry = h.at[i] >> 26;
      h.at[i] &= 0x3FFFFFF;
    }
    h.at[0] += 5 * carry;
  }
  // Where adding 5 passes 2^130, the number was 2^130 - 5 or more.
  Limbs less;
  uint32_t carry = 5;
#pragma unroll
  for (int i = 0; i < 5; i++) {
    less.at[i] = h.at[i] + carry;
    carry = less.at[i] >> 26;
    less.at[i] &= 0x3FFFFFF;
  }
  uint32_t mask = 0 - carry;
#pragma unroll
  for (int i = 0; i < 5; i++) h.at[i] = (h.at[i] & ~mask) | (less.at[i] & mask);
  uint4 v = make_uint4(h.at[0] | h.at[1] << 26, h.at[1] >> 6 | h.at[2] << 20,
                       h.at[2] >> 12 | h.at[3] << 14, h.at[3] >> 18 | h.at[4] << 8);
  uint64_t sum = (uint64_t)v.x + s.x;
  v.x = (uint32_t)sum;
  sum = (sum >> 32) + v.y + s.y;
  v.y = (uint32_t)sum;
  sum = (sum >> 32) + v.z + s.z;
  v.z = (uint32_t)sum;
  v.w += (uint32_t)(sum >> 32) + s.w;
  return v;
}

// ---------------------------------------------------------------- parts: a warp does one at a time, a lane every 32nd block of it

// Parts `first` and following, so many of each job, which `to` begins with.
template <bool OPEN>
DEVICE void sealParts(const SealJob* job, int* brokenOfFirst, int jobs, int first, int64_t parts,
                      int partBytes) {
  DYNAMIC_SHARED(char, shared);
  int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32;
  uint32_t* table = (uint32_t*)shared;
  for (int i = (int)threadIdx.x; i < 256 * 32; i += (int)blockDim.x) {
    uint32_t entry = AES.at[i / 32];
    table[i] = entry;
    table[i + 256 * 32] = __byte_perm(entry, 0, 0x0321);
  }
  __syncthreads();

  uint32_t* key = (uint32_t*)(shared + 2 * TABLE_BYTES + 256 * warp);
  AesTables tables;
  tables.all = shared;
  tables.lane4 = 4 * (uint32_t)lane;
  tables.key = (const uint4*)key;
  int warps = (int)(gridDim.x * blockDim.x / 32);
  for (int64_t at = (int64_t)blockIdx.x * (blockDim.x / 32) + warp; at < jobs * parts;
       at += warps) {
    const SealJob& of = job[at / parts];
    uint32_t part = (uint32_t)(first + at % parts);
    __syncwarp();
    key[lane] = of.key[lane];
    if (lane < KEY_WORDS - 32) key[32 + lane] = of.key[32 + lane];
    if (!MUTANT(15)) __syncwarp();
    uint32_t high = (uint32_t)(of.seal >> 32), low = (uint32_t)of.seal;
    int count = partBytes / 16;
    const uint4* from = (const uint4*)((const char*)of.from + (int64_t)part * partBytes);
    uint4* to = (uint4*)((char*)of.to + (int64_t)(part - first) * partBytes);

    Beginning beginning = beginningOf(tables, high, low, part);
    // The MAC's key: blocks 0 and 1.
    uint4 first = swapBytes(encrypt(tables, beginning, (uint32_t)lane & 1));
    uint4 r, s;
    r.x = __shfl_sync(0xFFFFFFFFu, first.x, 0) & 0x0FFFFFFF;
    r.y = __shfl_sync(0xFFFFFFFFu, first.y, 0) & 0x0FFFFFFC;
    r.z = __shfl_sync(0xFFFFFFFFu, first.z, 0) & 0x0FFFFFFC;
    r.w = __shfl_sync(0xFFFFFFFFu, first.w, 0) & 0x0FFFFFFC;
    s.x = __shfl_sync(0xFFFFFFFFu, first.x, 1);
    s.y = __shfl_sync(0xFFFFFFFFu, first.y, 1);
    s.z = __shfl_sync(0xFFFFFFFFu, first.z, 1);
    s.w = __shfl_sync(0xFFFFFFFFu, first.w, 1);
    Limbs power = powers(limbsOf(r, 0), lane), power32 = shuffled(power, 31);

    Limbs sum = {};
    uint4 next = lane < count ? from[lane] : make_uint4(0, 0, 0, 0);
    for (int i = lane; i < count; i += 32) {
      uint4 in = next;
      if (i + 32 < count) next = from[i + 32];
      uint4 stream = swapBytes(encrypt(tables, beginning, (uint32_t)(i + COUNTERS_BEFORE)));
      uint4 out = make_uint4(in.x ^ stream.x, in.y ^ stream.y, in.z ^ stream.z, in.w ^ stream.w);
      to[i] = out;
      sum = add(i == lane ? sum : times(sum, power32), limbsOf(OPEN ? in : out, 1));
    }
    // Lane's last block is followed by (count - 1 - lane) % 32 others; then comes the length.
    Limbs weight = shuffled(power, lane < count ? (count - 1 - lane) % 32 : 0);
    sum = times(sum, weight);
#pragma unroll
    for (int mask = 16; mask > 0; mask /= 2)
#pragma unroll
      for (int i = 0; i < 5; i++) sum.at[i] += __shfl_xor_sync(0xFFFFFFFFu, sum.at[i], mask);
        // 32 numbers of 27 bits are one of 32: brought down before the next product.
#pragma unroll
    for (int i = 0; i < 4; i++) {
      sum.at[i + 1] += sum.at[i] >> 26;
      sum.at[i] &= 0x3FFFFFF;
    }
    sum.at[0] += 5 * (sum.at[4] >> 26);
    sum.at[4] &= 0x3FFFFFF;
    sum =
        times(add(sum, limbsOf(make_uint4((uint32_t)count * 16, 0, 0, 0), 1)), shuffled(power, 0));
    uint4 tag = tagOf(sum, s);
    uint4* tags = (uint4*)of.tags + part;
    if (lane == 0) {
      if (OPEN) {
        uint4 t = *tags;
        uint32_t differs =
            (tag.x ^ t.x) | (tag.y ^ t.y) | (tag.z ^ t.z) | (MUTANT(13) ? 0 : tag.w ^ t.w);
        if (differs != 0)
          atomicOr((int*)((char*)brokenOfFirst + at / parts * (int64_t)sizeof(SealJob)), 1);
      } else {
        *tags = tag;
      }
    }
  }
}

}  // namespace

KERNEL __launch_bounds__(256) cf_seal(const SealJob* job, int jobs, int parts, int partBytes) {
  gridBegin();
  sealParts<false>(job, nullptr, jobs, 0, parts, partBytes);
}

KERNEL __launch_bounds__(256) cf_open(SealJob* job, int jobs, int parts, int partBytes) {
  gridBegin();
  sealParts<true>(job, &job->broken, jobs, 0, parts, partBytes);
}

KERNEL __launch_bounds__(256) cf_open_verdict(const SealJob* job, int jobs, int64_t bytes) {
  gridBegin();
  if ((int)blockIdx.y < jobs && job[blockIdx.y].broken != 0)
    zero(sliceOf(job[blockIdx.y].to, bytes));
}

KERNEL __launch_bounds__(256)
    cf_open_layer(const int* jobs, SealJob* job, int layer, int parts, int partBytes) {
  gridBegin();
  sealParts<true>(job, &job->broken, *jobs, MUTANT(24) ? 0 : layer * parts, parts, partBytes);
}

KERNEL __launch_bounds__(256) cf_open_layer_verdict(const int* jobs, const SealJob* job,
                                                    int64_t layerBytes, int* broken) {
  gridBegin();
  if ((int)blockIdx.x >= *jobs || job[blockIdx.x].broken == 0) return;
  if (threadIdx.x == 0) *broken = 1;
  Slice whole;
  whole.at = (char*)job[blockIdx.x].to;
  whole.chunks = (int)(layerBytes / 16);
  if (!MUTANT(25)) zero(whole);
}
