// Picks tokens as `generation.Sampler` does. What depends on an order there, sums of probabilities,
// is made of whole numbers here (multiples of 2^-44 of the likeliest token's), so that any order
// gives the same. A token's place among the others is a key of 64 bits, its logit above its id. The
// first token of that order up to which so many tokens, or so much probability, have come is found
// by a histogram of all of them, then among those of one bin.
#include "device.cuh"

namespace {

constexpr int CHUNK = 4096;  // logits of a scan
constexpr int BINS = 256;
constexpr int LIST = 1024;
constexpr double MASS_UNIT = 17592186044416.0;  // 2^44

typedef unsigned long long Key;

// Greater for a greater logit (0 and -0 are the same), then for a lower id.
DEVICE Key keyOf(float logit, int id) {
  uint32_t bits = __float_as_uint(logit + 0.0f);
  uint32_t ordered = bits & 0x80000000u ? ~bits : bits | 0x80000000u;
  return (Key)ordered << 32 | (0xFFFFFFFFu - (uint32_t)id);
}

DEVICE int idOf(Key key) { return (int)(0xFFFFFFFFu - (uint32_t)key); }

DEVICE float logitOf(Key key) {
  uint32_t ordered = (uint32_t)(key >> 32);
  return __uint_as_float(ordered & 0x80000000u ? ordered & 0x7FFFFFFFu : ~ordered);
}

DEVICE Key warpGreatest(Key key) {
#pragma unroll
  for (int mask = 16; mask > 0; mask /= 2) {
    Key other = __shfl_xor_sync(0xFFFFFFFFu, key, mask);
    key = other > key ? other : key;
  }
  return key;
}

// Of a block; `scratch` has 32 elements. A barrier comes first and last.
DEVICE Key blockGreatest(Key key, Key* scratch) {
  key = warpGreatest(key);
  __syncthreads();
  if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = key;
  __syncthreads();
  key = scratch[0];
  for (int i = 1; i < (int)blockDim.x / 32; i++) key = scratch[i] > key ? scratch[i] : key;
  __syncthreads();
  return key;
}

template <class T>
DEVICE T blockTotal(T v, T* scratch) {
#pragma unroll
  for (int mask = 16; mask > 0; mask /= 2) v += __shfl_xor_sync(0xFFFFFFFFu, v, mask);
  __syncthreads();
  if (threadIdx.x % 32 == 0) scratch[threadIdx.x / 32] = v;
  __syncthreads();
  v = 0;
  for (int i = 0; i < (int)blockDim.x / 32; i++) v += scratch[i];
  __syncthreads();
  return v;
}

// `generation.Exponential`, to the bit.
DEVICE double exponential(double x) {
  if (!(x > -708)) return 0;
  double n = (x * 1.4426950408889634 + 6755399441055744.0) - 6755399441055744.0;
  double r = (x - n * 0.6931471803691238) - n * 1.9082149292705877e-10;
  double p = 1.0 / 6227020800.0;
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 1.0 / 2.0;
  p = p * r + 1.0;
  p = p * r + 1.0;
  return p * __longlong_as_double(((long long)n + 1023) << 52);
}

// `generation.Philox.uniform`.
DEVICE double philoxUniform(uint64_t seed, int index) {
  uint32_t c0 = (uint32_t)index, c1 = 0, c2 = 0, c3 = 0, k0 = (uint32_t)seed,
           k1 = (uint32_t)(seed >> 32);
  for (int round = 0; round < 10; round++) {
    uint32_t high0 = __umulhi(0xD2511F53u, c0), low0 = 0xD2511F53u * c0;
    uint32_t high1 = __umulhi(0xCD9E8D57u, c2), low1 = 0xCD9E8D57u * c2;
    c0 = high1 ^ c1 ^ k0;
    c2 = high0 ^ c3 ^ k1;
    c1 = low1;
    c3 = low0;
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return (double)(((uint64_t)c0 << 32 | c1) >> 11) * 0x1p-53;
}

struct Logits {
  const float* at;
  int count;
  double highest, inverseTemperature;
};

DEVICE double probability(const Logits& logits, float logit) {
  return exponential(((double)logit - logits.highest) * logits.inverseTemperature);
}

DEVICE Key massOf(double probability) { return (Key)(probability * MASS_UNIT + 0.5); }

// Of each bin, how many tokens and how much mass: halves of 32 bits, for which shared memory has an
// addition of its own.
struct Bins {
  unsigned low[BINS], high[BINS], count[BINS];
};

struct Histogram {
  Bins coarse;  // by `coarseBin`, of all tokens; made once
  Bins fine;
  Key key[LIST], mass[LIST];  // tokens of one bin
  Key scratch[32];
  // What the search knows.
  Key wanted, before, prefix, found, foundMass;
  unsigned bin, countBefore, inBin, taken;
};

// In eighths of a unit of the exponent, from the likeliest token down.
DEVICE int coarseBin(const Logits& logits, float logit) {
  double x = (logits.highest - (double)logit) * logits.inverseTemperature * 8;
  return x < BINS - 1 ? (int)x : BINS - 1;
}

DEVICE void clear(Bins& bins) {
  for (int i = (int)threadIdx.x; i < BINS; i += (int)blockDim.x)
    bins.low[i] = bins.high[i] = bins.count[i] = 0;
}

DEVICE void addTo(Bins& bins, int bin, Key mass) {
  unsigned low = (unsigned)mass;
  unsigned carry = atomicAdd(&bins.low[bin], low) + low < low ? 1 : 0;
  unsigned high = (unsigned)(mass >> 32) + carry;
  if (high != 0) atomicAdd(&bins.high[bin], high);
  atomicAdd(&bins.count[bin], 1u);
}

DEVICE Key massIn(const Bins& bins, int bin) { return (Key)bins.high[bin] << 32 | bins.low[bin]; }

// All threads of a block; once before `beginningOf`.
DEVICE void makeCoarse(const Logits& logits, Histogram& h) {
  clear(h.coarse);
  __syncthreads();
  for (int i = (int)threadIdx.x; i < logits.count; i += (int)blockDim.x)
    addTo(h.coarse, coarseBin(logits, logits.at[i]), massOf(probability(logits, logits.at[i])));
  __syncthreads();
}

// Where `wanted` tokens (BY_MASS false), or so much mass, are reached in the bins from the first on
// (FORWARD), or from the last. The first warp; lane i looks at eight bins.
template <bool BY_MASS, bool FORWARD>
DEVICE void findBin(const Bins& bins, Key massBefore, unsigned countBefore, Histogram& h) {
  int lane = (int)threadIdx.x;
  Key masses = 0;
  unsigned counts = 0;
  for (int i = 8 * lane; i < 8 * lane + 8; i++) {
    int bin = FORWARD ? i : BINS - 1 - i;
    masses += massIn(bins, bin);
    counts += bins.count[bin];
  }
  Key mass = masses;
  unsigned count = counts;
#pragma unroll
  for (int step = 1; step < 32; step *= 2) {
    Key m = __shfl_up_sync(0xFFFFFFFFu, mass, step);
    unsigned c = __shfl_up_sync(0xFFFFFFFFu, count, step);
    if (lane >= step) {
      mass += m;
      count += c;
    }
  }
  Key before = (BY_MASS ? massBefore + mass - masses : countBefore + count - counts),
      wanted = h.wanted;
  __syncwarp();  // the caller's numbers may be those that are written now
  if (before < wanted && (BY_MASS ? massBefore + mass : countBefore + count) >= wanted) {
    mass = massBefore + mass - masses;
    count = countBefore + count - counts;
    for (int i = 8 * lane; i < 8 * lane + 8; i++) {
      int bin = FORWARD ? i : BINS - 1 - i;
      if ((BY_MASS ? mass + massIn(bins, bin) : count + bins.count[bin]) >= wanted) {
        h.bin = (unsigned)bin;
        h.before = mass;
        h.countBefore = count;
        h.inBin = bins.count[bin];
        break;
      }
      mass += massIn(bins, bin);
      count += bins.count[bin];
    }
  }
}

// A beginning of the order: up to and with `last`.
struct Prefix {
  Key last, mass;
};

// The one of few tokens up to which enough has come: each thread takes one, and adds up those
// before it.
template <bool BY_MASS>
DEVICE void findInList(const Logits& logits, int bin, Histogram& h) {
  if (threadIdx.x == 0) h.taken = 0;
  __syncthreads();
  for (int i = (int)threadIdx.x; i < logits.count; i += (int)blockDim.x) {
    float logit = logits.at[i];
    if (coarseBin(logits, logit) == bin) {
      unsigned at = atomicAdd(&h.taken, 1u);
      h.key[at] = keyOf(logit, i);
      h.mass[at] = massOf(probability(logits, logit));
    }
  }
  __syncthreads();
  if (threadIdx.x < h.inBin) {
    Key key = h.key[threadIdx.x], mass = h.before, count = h.countBefore;
    for (unsigned i = 0; i < h.inBin; i++)
      if (h.key[i] > key) {
        mass += h.mass[i];
        count++;
      }
    Key own = h.mass[threadIdx.x];
    if (BY_MASS ? mass < h.wanted && mass + own >= h.wanted : count + 1 == h.wanted) {
      h.found = key;
      h.foundMass = mass + own;
    }
  }
  __syncthreads();
}

// The same of many tokens, by histograms of 8 bits of their keys after the other.
template <bool BY_MASS>
DEVICE void findByDigits(const Logits& logits, int bin, Histogram& h) {
  Key prefix = 0;
  int shift = 56;
  for (;; shift -= 8) {
    clear(h.fine);
    __syncthreads();
    for (int i = (int)threadIdx.x; i < logits.count; i += (int)blockDim.x) {
      float logit = logits.at[i];
      Key key = keyOf(logit, i);
      if (coarseBin(logits, logit) == bin && (shift == 56 || key >> (shift + 8) == prefix))
        addTo(h.fine, (int)(key >> shift) & (BINS - 1), massOf(probability(logits, logit)));
    }
    __syncthreads();
    if (threadIdx.x < 32) findBin<BY_MASS, false>(h.fine, h.before, h.countBefore, h);
    __syncthreads();
    prefix = prefix << 8 | h.bin;
    unsigned left = h.inBin;
    __syncthreads();
    if (left == 1 || shift == 0) break;
  }
  // One token begins with this prefix.
  for (int i = (int)threadIdx.x; i < logits.count; i += (int)blockDim.x) {
    float logit = logits.at[i];
    Key key = keyOf(logit, i);
    if (coarseBin(logits, logit) == bin && key >> shift == prefix) {
      h.found = key;
      h.foundMass = h.before + massOf(probability(logits, logit));
    }
  }
  __syncthreads();
}

// The shortest beginning of the order with at least `wanted` tokens (BY_MASS false), or so much
// mass; where `share` is not 0, it is that of the whole mass, rounded up. All of them where there
// are fewer. All threads of a block.
template <bool BY_MASS>
DEVICE Prefix beginningOf(const Logits& logits, Key wanted, double share, Histogram& h) {
  __syncthreads();
  if (threadIdx.x < 32) {
    Key all = 0;
    for (int i = (int)threadIdx.x; i < BINS; i += 32)
      all += BY_MASS ? massIn(h.coarse, i) : h.coarse.count[i];
#pragma unroll
    for (int mask = 16; mask > 0; mask /= 2) all += __shfl_xor_sync(0xFFFFFFFFu, all, mask);
    if (share > 0) {
      double of = share * (double)all;
      wanted = (Key)of;
      if ((double)wanted < of) wanted++;
    }
    wanted = wanted > all ? all : wanted == 0 ? 1 : wanted;
    if (threadIdx.x == 0) h.wanted = wanted;
    __syncwarp();
    findBin<BY_MASS, true>(h.coarse, 0, 0, h);
  }
  __syncthreads();
  int bin = (int)h.bin;
  unsigned inBin = h.inBin;
  __syncthreads();
  if (inBin <= LIST && inBin <= blockDim.x) {
    findInList<BY_MASS>(logits, bin, h);
  } else {
    findByDigits<BY_MASS>(logits, bin, h);
  }
  Prefix result;
  result.last = h.found;
  result.mass = h.foundMass;
  return result;
}

// Tokens in the order of their ids, those less likely than `minP` left out: the first up to which
// more than a share of the whole mass has come. Each warp has neighbouring ids.
DEVICE int amongAll(const Logits& logits, double minP, double uniform, Histogram& h) {
  int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32, warps = (int)blockDim.x / 32;
  int each = (logits.count + 32 * warps - 1) / (32 * warps) * 32, from = warp * each;
  Key mine = 0;
  for (int i = 0; i < each; i += 32) {
    int id = from + i + lane;
    if (id < logits.count) {
      double p = probability(logits, logits.at[id]);
      mine += p < minP ? 0 : massOf(p);
    }
  }
#pragma unroll
  for (int mask = 16; mask > 0; mask /= 2) mine += __shfl_xor_sync(0xFFFFFFFFu, mine, mask);
  if (lane == 0) h.scratch[warp] = mine;
  __syncthreads();
  Key before = 0, all = 0;
  for (int w = 0; w < warps; w++) {
    if (w < warp) before += h.scratch[w];
    all += h.scratch[w];
  }
  Key target = (Key)(uniform * (double)all);
  if (target >= all) target = all - 1;
  if (before <= target && target < before + mine) {
    for (int i = 0; i < each; i += 32) {
      int id = from + i + lane;
      Key mass = 0;
      if (id < logits.count) {
        double p = probability(logits, logits.at[id]);
        mass = p < minP ? 0 : massOf(p);
      }
      Key to = mass;
#pragma unroll
      for (int step = 1; step < 32; step *= 2) {
        Key m = __shfl_up_sync(0xFFFFFFFFu, to, step);
        if (lane >= step) to += m;
      }
      unsigned passed = __ballot_sync(0xFFFFFFFFu, before + to > target);
      if (passed != 0) {
        if ((passed & (1u << lane)) != 0 && (passed & ((1u << lane) - 1)) == 0) h.found = (Key)id;
        break;
      }
      before += __shfl_sync(0xFFFFFFFFu, to, 31);
    }
  }
  __syncthreads();
  return (int)h.found;
}

DEVICE int amongMostLikely(const Logits& logits, const SampleSettings& of, double uniform,
                           Histogram& h) {
  makeCoarse(logits, h);
  Prefix kept;
  bool limited = of.topK > 0 && of.topK < logits.count;
  if (limited) kept = beginningOf<false>(logits, (Key)of.topK, 0, h);
  if (of.topP < 1) {
    if (limited) {
      double wanted = (double)of.topP * (double)kept.mass;
      kept = beginningOf<true>(logits, (Key)ceil(wanted), 0, h);
    } else {
      kept = beginningOf<true>(logits, 0, (double)of.topP, h);
    }
  }
  Key mass = kept.mass;
  if (of.minP > 0) {
    mass = 0;
    for (int i = (int)threadIdx.x; i < logits.count; i += (int)blockDim.x) {
      if (keyOf(logits.at[i], i) < kept.last) continue;
      double p = probability(logits, logits.at[i]);
      if (p >= (double)of.minP || MUTANT(14)) mass += massOf(p);
    }
    mass = blockTotal(mass, h.scratch);
  }
  Key target = (Key)(uniform * (double)mass);
  if (target >= mass) target = mass - 1;
  return idOf(beginningOf<true>(logits, target + 1, 0, h).last);
}

struct Scan {
  Key greatest;
  int notFinite;
  int reserved[5];
};

}  // namespace

KERNEL __launch_bounds__(256)
    cf_penalize(const int* samples, const SampleSettings* settings, const PenaltyEntry* penalty,
                float* logits, int vocabulary, float* before) {
  gridBegin();
  int64_t sample = blockIdx.x;
  if (sample >= *samples) return;
  SampleSettings of = settings[sample];
  for (int i = (int)threadIdx.x; i < of.penaltyCount; i += (int)blockDim.x) {
    PenaltyEntry entry = penalty[of.penaltyAt + i];
    float* at = logits + sample * vocabulary + entry.token;
    float logit = *at;
    before[of.penaltyAt + i] = logit;
    float repeated = logit > 0 ? logit / of.repetition : logit * of.repetition;
    *at = entry.times == 0 ? repeated : repeated - of.presence - (float)entry.times * of.frequency;
  }
}

KERNEL __launch_bounds__(256)
    cf_sample_scan(const int* samples, const float* logits, int vocabulary, void* scratch) {
  __shared__ Key greatest[32];
  __shared__ int flags[32];
  gridBegin();
  int64_t sample = blockIdx.y;
  if (sample >= *samples) return;
  const float* at = logits + sample * vocabulary;
  Key key = 0;
  int bad = 0;
  int from = (int)blockIdx.x * CHUNK, to = min(vocabulary, from + CHUNK);
  for (int i = from + (int)threadIdx.x; i < to; i += (int)blockDim.x) {
    float logit = at[i];
    bad |= (__float_as_uint(logit) & 0x7F800000u) == 0x7F800000u;
    Key k = keyOf(logit, i);
    key = k > key ? k : key;
  }
  key = blockGreatest(key, greatest);
  bad = blockTotal(bad, flags);
  if (threadIdx.x == 0) {
    Scan* scan = (Scan*)((char*)scratch + sample * sampleScratch(vocabulary)) + blockIdx.x;
    scan->greatest = key;
    scan->notFinite = bad;
  }
}

KERNEL __launch_bounds__(1024, 1)
    cf_sample(const int* samples, const SampleSettings* settings, const PenaltyEntry* penalty,
              float* logits, int vocabulary, const float* before, const void* scratch,
              SampleResult* result) {
  __shared__ Histogram h;
  gridBegin();
  int64_t sample = blockIdx.x;
  if (sample >= *samples) return;
  const SampleSettings& of = settings[sample];
  float* row = logits + sample * vocabulary;
  const Scan* scan = (const Scan*)((const char*)scratch + sample * sampleScratch(vocabulary));
  Key best = 0;
  bool bad = false;
  for (int i = 0; i < (vocabulary + CHUNK - 1) / CHUNK; i++) {
    best = scan[i].greatest > best ? scan[i].greatest : best;
    bad = bad || scan[i].notFinite != 0;
  }
  int token = idOf(best);
  if (!bad && of.temperature > 0) {
    Logits all;
    all.at = row;
    all.count = vocabulary;
    all.highest = logitOf(best);
    all.inverseTemperature = 1 / (double)of.temperature;
    double uniform = philoxUniform(of.seed, of.outputIndex);
    if ((of.topK <= 0 || of.topK >= vocabulary) && of.topP >= 1) {
      token = amongAll(all, of.minP, uniform, h);
    } else {
      token = amongMostLikely(all, of, uniform, h);
    }
  }
  if (threadIdx.x == 0) {
    result[sample].token = bad ? -1 : token;
    result[sample].notFinite = bad;
  }
  __syncthreads();
  for (int i = (int)threadIdx.x; i < of.penaltyCount; i += (int)blockDim.x)
    row[penalty[of.penaltyAt + i].token] = before[of.penaltyAt + i];
}

KERNEL __launch_bounds__(1024, 1)
    cf_logprobs(const int* samples, const SampleSettings* settings, const float* logits,
                int vocabulary, SampleResult* result) {
  __shared__ Histogram h;
  __shared__ double sums[32];
  __shared__ Key top[32];
  __shared__ unsigned taken;
  gridBegin();
  int64_t sample = blockIdx.x;
  if (sample >= *samples) return;
  int alternatives = min(min(settings[sample].alternatives, 20), vocabulary);
  if (alternatives < 0 || result[sample].notFinite != 0) return;
  Logits all;
  all.at = logits + sample * vocabulary;
  all.count = vocabulary;
  Key best = 0;
  for (int i = (int)threadIdx.x; i < vocabulary; i += (int)blockDim.x) {
    Key key = keyOf(all.at[i], i);
    best = key > best ? key : best;
  }
  all.highest = logitOf(blockGreatest(best, h.scratch));
  all.inverseTemperature = 1;
  double total = 0;
  for (int i = (int)threadIdx.x; i < vocabulary; i += (int)blockDim.x)
    total += probability(all, all.at[i]);
  double normaliser = all.highest + log(blockTotal(total, sums));
  if (threadIdx.x == 0) {
    result[sample].logprob = (float)((double)all.at[result[sample].token] - normaliser);
    taken = 0;
  }
  if (alternatives == 0) return;
  makeCoarse(all, h);
  Key last = beginningOf<false>(all, (Key)alternatives, 0, h).last;
  for (int i = (int)threadIdx.x; i < vocabulary; i += (int)blockDim.x) {
    Key key = keyOf(all.at[i], i);
    if (key >= last) top[atomicAdd(&taken, 1u)] = key;
  }
  __syncthreads();
  if ((int)threadIdx.x < alternatives) {
    Key mine = top[threadIdx.x];
    int place = 0;
    for (int i = 0; i < alternatives; i++) place += top[i] > mine;
    result[sample].topToken[place] = idOf(mine);
    result[sample].topLogprob[place] = (float)((double)all.at[idOf(mine)] - normaliser);
  }
}
