// Sampling against a sorted list in double precision, written after `generation.Sampler`'s
// contract.
#include "tests.h"

namespace {

struct Request {
  float temperature = 1, topP = 1, minP = 0;
  int topK = 0;
  uint64_t seed = 0;
  int index = 0, alternatives = -1;
  float repetition = 1, presence = 0, frequency = 0;
  std::vector<PenaltyEntry> penalties;
};

// Philox4x32-10 (Salmon et al., 2011), written with 64-bit products.
double philox(uint64_t seed, int index) {
  uint32_t c[4] = {(uint32_t)index, 0, 0, 0}, k[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
  for (int round = 0; round < 10; round++) {
    uint64_t p0 = 0xD2511F53ull * c[0], p1 = 0xCD9E8D57ull * c[2];
    uint32_t next[4] = {(uint32_t)(p1 >> 32) ^ c[1] ^ k[0], (uint32_t)p1,
                        (uint32_t)(p0 >> 32) ^ c[3] ^ k[1], (uint32_t)p0};
    std::copy(next, next + 4, c);
    k[0] += 0x9E3779B9;
    k[1] += 0xBB67AE85;
  }
  return (double)((((uint64_t)c[0] << 32) | c[1]) >> 11) / 9007199254740992.0;
}

std::vector<int> sorted(const std::vector<float>& logits) {
  std::vector<int> order(logits.size());
  for (size_t i = 0; i < order.size(); i++) order[i] = (int)i;
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return logits[(size_t)a] > logits[(size_t)b]; });
  return order;
}

int expectedToken(std::vector<float> logits, const Request& r) {
  for (PenaltyEntry e : r.penalties) {
    float& l = logits[(size_t)e.token];
    l = l > 0 ? l / r.repetition : l * r.repetition;
    if (e.times > 0) l = l - r.presence - (float)e.times * r.frequency;
  }
  std::vector<int> order = sorted(logits);
  if (r.temperature == 0) return order[0];
  double best = logits[(size_t)order[0]];
  bool all = (r.topK <= 0 || r.topK >= (int)logits.size()) && r.topP >= 1;
  if (all) std::sort(order.begin(), order.end());
  std::vector<double> p;
  for (int t : order) p.push_back(std::exp((logits[(size_t)t] - best) / r.temperature));
  size_t n = p.size();
  if (r.topK > 0) n = std::min(n, (size_t)r.topK);
  double mass = 0;
  for (size_t i = 0; i < n; i++) mass += p[i];
  if (r.topP < 1) {
    double sum = 0;
    size_t m = 0;
    while (m < n && (m == 0 || sum < (double)r.topP * mass)) sum += p[m++];
    n = m;
  }
  double kept = 0;
  for (size_t i = 0; i < n; i++) kept += p[i] < (double)r.minP ? 0 : p[i];
  double target = philox(r.seed, r.index) * kept, sum = 0;
  for (size_t i = 0; i < n; i++) {
    sum += p[i] < (double)r.minP ? 0 : p[i];
    if (sum > target) return order[i];
  }
  return order[0];
}

std::vector<float> randomLogits(Random& random, int n) {
  std::vector<float> l(n);
  double scale = uniform(random, 0.5, 6);
  int kind = between(random, 0, 3);
  for (float& v : l) v = (float)(scale * normal(random));
  if (kind == 0)
    for (float& v : l) v = std::round(v);  // many ties
  if (kind == 1) l[(size_t)between(random, 0, n - 1)] += 30;
  if (kind == 2)
    for (float& v : l) v = between(random, 0, 1) ? 0.0f : -0.0f;
  return l;
}

// Runs all four kernels, with some rows of the bucket left free.
std::vector<SampleResult> run(const std::vector<std::vector<float>>& rows,
                              const std::vector<Request>& requests) {
  int n = (int)rows.size(), vocabulary = (int)rows[0].size();
  std::vector<SampleSettings> settings;
  std::vector<PenaltyEntry> entries;
  std::vector<float> flat;
  for (int i = 0; i < n; i++) {
    const Request& r = requests[(size_t)i];
    settings.push_back({r.temperature,
                        r.topP,
                        r.minP,
                        r.topK,
                        r.seed,
                        r.index,
                        r.alternatives,
                        r.repetition,
                        r.presence,
                        r.frequency,
                        (int)entries.size(),
                        (int)r.penalties.size(),
                        {}});
    entries.insert(entries.end(), r.penalties.begin(), r.penalties.end());
    flat.insert(flat.end(), rows[(size_t)i].begin(), rows[(size_t)i].end());
  }
  Buffer<int> count(std::vector<int>{n});
  Buffer<SampleSettings> of(settings);
  Buffer<PenaltyEntry> penalty(entries);
  Buffer<float> logits(flat), before(entries.size());
  Buffer<uint8_t> scratch((size_t)(n * sampleScratch(vocabulary)));
  Buffer<SampleResult> result((size_t)n);
  unsigned bucket = (unsigned)n + 1;
  LAUNCH(cf_penalize, {bucket}, 256, 0, count, of, penalty, logits, vocabulary, before);
  LAUNCH(cf_sample_scan, {(unsigned)(vocabulary + 4095) / 4096, bucket}, 256, 0, count, logits,
         vocabulary, scratch);
  LAUNCH(cf_sample, {bucket}, 1024, 0, count, of, penalty, logits, vocabulary, before, scratch,
         result);
  LAUNCH(cf_logprobs, {bucket}, 1024, 0, count, of, logits, vocabulary, result);
  same(logits.get(), flat.data(), flat.size(), "logits after penalties were taken back");
  result.checkTail();
  scratch.checkTail();
  return result.copy();
}

Request randomRequest(Random& random, int vocabulary) {
  Request r;
  r.temperature = between(random, 0, 5) == 0 ? 0 : (float)uniform(random, 0.2, 2);
  if (between(random, 0, 1)) r.topK = between(random, 1, vocabulary + 3);
  if (between(random, 0, 1)) r.topP = (float)uniform(random, 0.05, 1);
  if (between(random, 0, 2) == 0) r.minP = (float)uniform(random, 0, 0.3);
  r.seed = random();
  r.index = between(random, 0, 1000);
  if (between(random, 0, 1)) {
    r.repetition = (float)uniform(random, 0.5, 2);
    r.presence = (float)uniform(random, -2, 2);
    r.frequency = (float)uniform(random, -1, 1);
    std::vector<int> tokens(vocabulary);
    for (int i = 0; i < vocabulary; i++) tokens[(size_t)i] = i;
    std::shuffle(tokens.begin(), tokens.end(), random);
    for (int i = 0; i < std::min(vocabulary, 40); i++)
      r.penalties.push_back({tokens[(size_t)i], between(random, 0, 3)});
  }
  return r;
}

void samples(Random& random) {
  for (int round = 0; round < 12; round++) {
    int vocabulary = round == 0 ? 1 : round == 11 ? 9001 : between(random, 2, 700);
    std::vector<std::vector<float>> rows;
    std::vector<Request> requests;
    for (int i = 0; i < 5; i++) {
      rows.push_back(randomLogits(random, vocabulary));
      requests.push_back(randomRequest(random, vocabulary));
    }
    std::vector<SampleResult> result = run(rows, requests);
    for (size_t i = 0; i < rows.size(); i++) {
      int expected = expectedToken(rows[i], requests[i]);
      if (result[i].notFinite != 0 || result[i].token != expected)
        failTest("round %d, row %zu: token %d (expected: %d)", round, i, result[i].token, expected);
    }
  }
}

void drawsAsOften(Random& random) {
  // Of 40 draws in a row of one seed, every token is the reference's, at one vocabulary where
  // several are likely.
  std::vector<float> logits = {1, 1, 0.5f, 0, -1, 1, 0.25f, 2};
  std::vector<std::vector<float>> rows(40, logits);
  std::vector<Request> requests(40);
  for (int i = 0; i < 40; i++) {
    requests[(size_t)i].seed = 77;
    requests[(size_t)i].index = i;
    if (i % 2) requests[(size_t)i].topP = 0.8f;
  }
  std::vector<SampleResult> result = run(rows, requests);
  for (size_t i = 0; i < 40; i++)
    if (result[i].token != expectedToken(logits, requests[i])) failTest("draw %zu", i);
  (void)random;
}

void reportsLogprobs(Random& random) {
  for (int round = 0; round < 5; round++) {
    int vocabulary = between(random, 1, 900);
    std::vector<std::vector<float>> rows;
    std::vector<Request> requests;
    for (int i = 0; i < 3; i++) {
      rows.push_back(randomLogits(random, vocabulary));
      requests.push_back(randomRequest(random, vocabulary));
      requests.back().alternatives = i == 0 ? -1 : between(random, 0, 20);
    }
    std::vector<SampleResult> result = run(rows, requests);
    for (size_t i = 0; i < rows.size(); i++) {
      if (requests[i].alternatives < 0) continue;
      std::vector<int> order = sorted(rows[i]);
      double best = rows[i][(size_t)order[0]], total = 0;
      for (float l : rows[i]) total += std::exp(l - best);
      double normaliser = best + std::log(total);
      near(result[i].logprob, rows[i][(size_t)result[i].token] - normaliser, 1e-6, 1e-6,
           "logprob of row", (long)i);
      for (int a = 0; a < std::min(requests[i].alternatives, vocabulary); a++) {
        if (result[i].topToken[a] != order[(size_t)a])
          failTest("alternative %d: %d (expected: %d)", a, result[i].topToken[a], order[(size_t)a]);
        near(result[i].topLogprob[a], rows[i][(size_t)order[(size_t)a]] - normaliser, 1e-6, 1e-6,
             "logprob of alternative", a);
      }
    }
  }
}

void findsWhatIsNotFinite(Random& random) {
  for (float bad : {NAN, INFINITY, -INFINITY}) {
    std::vector<float> fine = randomLogits(random, 5000), broken = fine;
    broken[(size_t)between(random, 0, 4999)] = bad;
    Request request;
    request.alternatives = 2;
    std::vector<SampleResult> result = run({fine, broken}, {request, request});
    if (result[0].notFinite != 0 || result[1].notFinite == 0 || result[1].token != -1)
      failTest("a logit that is not finite");
  }
}

}  // namespace

void addSamplingTests(std::vector<Case>& cases) {
  cases.push_back({"tokens are the sorted list's, with every filter and penalty", samples});
  cases.push_back({"draws follow the random numbers of seed and index", drawsAsOften});
  cases.push_back({"log-probabilities and alternatives are those before penalties and temperature",
                   reportsLogprobs});
  cases.push_back({"a row with a logit that is not finite gets no token", findsWhatIsNotFinite});
}
