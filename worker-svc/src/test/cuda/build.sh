#!/bin/sh
# Compiles the kernels for the CPU, with checks of every access, and their tests (main.cpp) into kernels_test in a folder, where it is not of
# the same sources already. Needs g++ 11 or newer on x86-64.
set -eu
[ $# = 1 ] || { echo "usage: build.sh <folder>" >&2; exit 2; }
sources=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
target=$(cd "$1" && pwd)
cd "$sources"
hash=$(cat ../../main/cuda/*.cu ../../main/cuda/*.cuh ../../main/cuda/*.h simt/* ./*.cpp ./*.h build.sh | sha256sum | cut -d ' ' -f 1)
if [ "$(cat "$target/sources" 2>/dev/null)" = "$hash" ]; then
  exit 0
fi
flags="-std=c++17 -g1 -march=x86-64-v3 -ffp-contract=off -fno-math-errno -fPIC -Isimt -Wall -Wextra -Werror -Wno-unknown-pragmas -Wno-unused-function"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# shellcheck disable=SC2086
{
  g++ $flags -O2 -c simt/simt.cpp -o "$work/simt.o"
  # Calls before each access, which simt.cpp answers in the place of the sanitizer's library.
  g++ $flags -O1 -fsanitize=thread --param tsan-instrument-func-entry-exit=0 -c simt/registry.cpp -o "$work/checked.o"
  g++ $flags -O1 -fsanitize=thread --param tsan-instrument-func-entry-exit=0 -x c++ -c simt/faults.cu -o "$work/faults.o"
  for test in *.cpp; do
    g++ $flags -O1 -c "$test" -o "$work/$test.o"
  done
  g++ -o "$target/kernels_test" "$work"/*.cpp.o -static-libstdc++ -static-libgcc "$work/checked.o" "$work/faults.o" "$work/simt.o" -ldl
}
echo "$hash" >"$target/sources"
