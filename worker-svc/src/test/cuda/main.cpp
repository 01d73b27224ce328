// Runs the kernels' tests on the CPU.
//   kernels_test list               prints the tests' names
//   kernels_test run NUMBER [SEED]  runs one
//   kernels_test all [SEED]         runs all
//   kernels_test mutants            plants each mistake, and runs the test that must find it
//   kernels_test --device KERNELS.fatbin all [SEED]  the same tests on the first device (NVIDIA's driver must be there)
// Exit status 0 where all is well; a failure says why, and with which seed.
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <tuple>

#include "simt/registry.h"
#include "simt/simt.h"
#include "tests.h"

void failTest(const char* format, ...) {
  char text[1200];
  va_list list;
  va_start(list, format);
  vsnprintf(text, sizeof text, format, list);
  va_end(list);
  throw Failure(text);
}

namespace {

std::vector<Case> cases() {
  std::vector<Case> all;
  addShimTests(all);
  addRowTests(all);
  addAttentionTests(all);
  addLoraTests(all);
  addSamplingTests(all);
  addBlockTests(all);
  return all;
}

// The mistakes that the kernels make on request (MUTANT in their sources), and the beginning of the
// name of the test that finds it.
struct Mutant {
  const char* mistake;
  const char* test;
};
const Mutant MUTANTS[] = {
    {"a block's sum is read before all warps have brought theirs", "a norm adds"},
    {"the last plane of a product is left out", "the gate is"},
    {"a product does not wait for its copies", "a product is"},
    {"a product has no barrier behind its copies", "a product is"},
    {"a product writes rows behind the last", "a product is"},
    {"attention has no barrier behind its copies", "attention is"},
    {"a row sees the position behind its own", "attention is"},
    {"maxima are read before all warps have brought theirs", "attention is"},
    {"the first split is left out of the merge", "attention merges"},
    {"an adapter's sums are read before all warps have brought theirs", "adapters of"},
    {"an adapter's last rank is left out", "adapters of"},
    {"the last bytes of a block stay", "listed blocks"},
    {"the last word of a tag is not compared", "a sealed block"},
    {"tokens that are not likely enough count", "tokens are"},
    {"a round key is read before all lanes have brought theirs", "a sealed block"},
    {"tokens behind a sequence's last are read", "attention is"},
    {"a sum is multiplied with another output's scale", "a product with weights in eight"},
    {"a whole number of eight bits loses its sign", "a product with weights in eight"},
    {"a quarter of E4M3's exponents are cut off", "a product with weights in eight"},
    {"keys and values in eight bits are cut off, not rounded", "keys and values in eight"},
    {"a head's scale leaves lanes out", "queries and keys"},
    {"values are scaled as their keys are", "attention to eight bits"},
    {"the first block that was opened is looked for in the pool", "attention to what was opened"},
    {"the first layer is opened in the place of another", "a layer of a sealed"},
    {"a broken layer is left as it came out", "a layer of a sealed"},
};

void outOfBounds(int, siginfo_t* info, void*) {
  char text[200];
  int n =
      snprintf(text, sizeof text,
               "an access outside of device memory, at %p, by thread %d of block (%u, %u, %u)\n",
               info->si_addr, simt::current ? simt::current->id : -1, simt::block.x, simt::block.y,
               simt::block.z);
  if (write(1, text, (size_t)n) < 0) _exit(4);
  _exit(3);
}

void catchFaults() {
  static char stack[1 << 16];
  stack_t alternative = {};
  alternative.ss_sp = stack;
  alternative.ss_size = sizeof stack;
  sigaltstack(&alternative, nullptr);
  struct sigaction action = {};
  action.sa_sigaction = outOfBounds;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigaction(SIGSEGV, &action, nullptr);
  sigaction(SIGBUS, &action, nullptr);
}

double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int run(const Case& test, uint64_t seed, bool speaks) {
  double from = now();
  Random random(seed);
  try {
    test.run(random);
    if (speaks) printf("%6.2f s  %s\n", now() - from, test.name);
    return 0;
  } catch (const Failure& e) {
    if (speaks)
      printf("FAILED    %s (seed %llu): %s\n", test.name, (unsigned long long)seed, e.what());
    return 1;
  }
}

// Whether a test of that name fails with a mistake planted, in a process of its own.
bool isFound(int mutant, const std::string& name, uint64_t seed) {
  for (const Case& test : cases()) {
    if (std::string(test.name).compare(0, name.size(), name) != 0) continue;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
      if (!freopen("/dev/null", "w", stdout)) _exit(0);
      simt_mutant(mutant);
      _exit(run(test, seed, false));
    }
    int status;
    waitpid(child, &status, 0);
    if (status != 0) return true;
  }
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  setvbuf(stdout, nullptr, _IOLBF, 0);
  catchFaults();
  if (argc > 2 && std::string(argv[1]) == "--device") {
    try {
      useDevice(argv[2]);
    } catch (const Failure& e) {
      printf("%s\n", e.what());
      return 2;
    }
    argc -= 2;
    argv += 2;
  }
  std::string what = argc > 1 ? argv[1] : "all";
  std::vector<Case> all = cases();
  if (what == "list") {
    for (const Case& test : all) printf("%s\n", test.name);
    return 0;
  }
  if (what == "mutants") {
    int missed = 0;
    for (int m = 0; m < (int)(sizeof MUTANTS / sizeof MUTANTS[0]); m++) {
      bool found = isFound(m + 1, MUTANTS[m].test, 1);
      printf("%-9s  %s\n", found ? "found" : "NOT FOUND", MUTANTS[m].mistake);
      missed += !found;
    }
    return missed;
  }
  bool one = what == "run";
  uint64_t seed = argc > (one ? 3 : 2) ? strtoull(argv[one ? 3 : 2], nullptr, 10) : 1;
  int failures = 0;
  for (size_t i = 0; i < all.size(); i++)
    if (!one || (int)i == atoi(argv[2])) failures += run(all[i], seed, true);
  return failures;
}
