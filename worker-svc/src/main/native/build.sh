#!/bin/sh
# Builds the native kernels into a folder of resources, where this is Linux on x86-64 and has a C
# compiler that knows AVX-512 and AMX (gcc 11, clang 12). Where it is not, says so, and ends well:
# the kernels in Java need nothing.
set -eu
[ $# = 1 ] || { echo "usage: build.sh <folder>" >&2; exit 2; }
sources=$(cd "$(dirname "$0")" && pwd)
target=$1
library=$target/libcofferdam-kernels.so

skip() {
  rm -f "$library" "$library.sources"
  echo "native kernels: not built: $*"
  exit 0
}

[ "$(uname -sm)" = "Linux x86_64" ] || skip "they are for Linux on x86-64"
compiler=
for candidate in ${CC:-cc gcc clang}; do
  if command -v "$candidate" >/dev/null 2>&1; then
    compiler=$candidate
    break
  fi
done
[ -n "$compiler" ] || skip "no C compiler (cc, gcc or clang)"

hash=$(cat "$sources"/build.sh "$sources"/*.h "$sources"/*.c | sha256sum | cut -d ' ' -f 1)
if [ -f "$library" ] && [ "$(cat "$library.sources" 2>/dev/null)" = "$hash" ]; then
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
avx512="-mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma"
compile() {
  name=$1
  shift
  "$compiler" -std=gnu11 -O2 -fPIC -fvisibility=hidden -fno-math-errno -ffp-contract=off \
    -fno-strict-aliasing -Wall -Wextra "$@" -c "$sources/$name.c" -o "$work/$name.o" 2>"$work/log" ||
    { cat "$work/log" >&2; skip "$compiler does not compile $name.c"; }
}
compile library
compile features
compile fma_avx2 -mavx2 -mfma
compile fma_avx512 $avx512
compile int8_vnni $avx512 -mavx512vnni
compile int8_amx $avx512 -mamx-tile -mamx-int8
compile bf16_amx $avx512 -mavx512bf16 -mamx-tile -mamx-bf16
compile gcm $avx512 -maes -mpclmul -mvaes -mvpclmulqdq
mkdir -p "$target"
"$compiler" -shared -Wl,-z,noexecstack -o "$work/library" "$work"/*.o || skip "$compiler does not link"
mv "$work/library" "$library"
echo "$hash" >"$library.sources"
echo "native kernels: built with $compiler"
