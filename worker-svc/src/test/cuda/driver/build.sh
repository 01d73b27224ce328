#!/bin/sh
# Builds the driver's double, libcuda.so.1, into a folder: the kernels compiled for the CPU, and a driver that runs
# them. Ends with 3 where there is no C++ compiler for it, or this is not Linux on x86-64.
set -eu
[ $# = 1 ] || { echo "usage: build.sh <folder>" >&2; exit 2; }
sources=$(cd "$(dirname "$0")/.." && pwd)
kernels=$(cd "$sources/../../main/cuda" && pwd)
library=$1/libcuda.so.1

[ "$(uname -sm)" = "Linux x86_64" ] || exit 3
compiler=
for candidate in ${CXX:-g++ c++ clang++}; do
  if command -v "$candidate" >/dev/null 2>&1; then
    compiler=$candidate
    break
  fi
done
[ -n "$compiler" ] || exit 3

hash=$(cat "$kernels"/*.cu "$kernels"/*.h "$kernels"/*.cuh "$sources"/simt/* "$sources"/driver/* | sha256sum | cut -d ' ' -f 1)
if [ -f "$library" ] && [ "$(cat "$library.sources" 2>/dev/null)" = "$hash" ]; then
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for file in simt/simt simt/registry driver/libcuda; do
  checks= # each access of the kernels', see simt.h
  [ "$file" != simt/registry ] || checks="-fsanitize=thread --param tsan-instrument-func-entry-exit=0"
  # shellcheck disable=SC2086
  "$compiler" $checks -std=c++17 -O2 -march=native -ffp-contract=off -fno-math-errno -fPIC -Wno-unknown-pragmas \
    -I"$sources/simt" -c "$sources/$file.cpp" -o "$work/$(basename "$file").o"
done
"$compiler" -shared -Wl,-z,noexecstack -Wl,-soname,libcuda.so.1 -o "$work/library" "$work"/*.o
mkdir -p "$1"
mv "$work/library" "$library"
echo "$hash" >"$library.sources"
