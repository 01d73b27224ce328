// The shim itself: what no kernel may do is reported, and what is right is not.
#include "simt/faults.h"
#include "tests.h"

namespace {

void reports(Random&) {
  struct {
    int fault;
    const char* message;
  } expected[] = {
      {FINE, nullptr},
      {READ_WITHOUT_BARRIER, "with no barrier between"},
      {WRITE_WITHOUT_BARRIER, "with no barrier between"},
      {SHUFFLE_FOR_BARRIER, "with no barrier between"},
      {UNWRITTEN, "that nobody wrote"},
      {BARRIERS_OF_BRANCHES, "at different barriers"},
      {BARRIER_OF_SOME, "ended before a barrier"},
      {SHUFFLE_OF_SOME, "wait"},
      {SHUFFLES_OF_BRANCHES, "at different places"},
      {COPY_NOT_AWAITED, "is still to fill"},
      {COPY_AWAITED_BY_OTHERS, ""},
      {ATOMIC_THEN_READ, "with no barrier between"},
      {BEHIND_SHARED, "behind the launch's"},
      {FINE, nullptr},
  };
  for (auto [fault, message] : expected) {
    Buffer<int> memory(64);
    int* at = memory;
    void* params[] = {&fault, &at};
    int status = simt_launch(&FAULT, 1, 1, 1, 64, 1, 1, 1024, params);
    std::string said = simt_error();
    if (message == nullptr ? status != 0 : status == 0 || said.find(message) == std::string::npos)
      failTest("fault %d: status %d, \"%s\" (expected: \"%s\")", fault, status, said.c_str(),
               message ? message : "");
  }
}

}  // namespace

void addShimTests(std::vector<Case>& cases) {
  cases.push_back(
      {"the shim reports races, divergence and what is unwritten, and nothing else", reports});
}
