#!/bin/sh
# Builds the kernels into the fat binary that the worker's jar carries, with the hash of the sources beside it. By hand, after a change of
# the sources; the result is committed, so that machines without nvcc need none. KernelSourceTest fails where the two differ.
#
#   build.sh          machine code for sm_80, 86, 89, 90a, 100, 120, and PTX for what is newer
#   build.sh report   instead prints registers, stack, spills and shared memory of each kernel for each of them, and fails where
#                     one spills
#   build.sh hash     prints the sources' hash
set -eu
sources=$(cd "$(dirname "$0")" && pwd)
target=$sources/../resources/dev/cofferdam/worker/execution/cuda
cd "$sources"

hash() {
  LC_ALL=C
  export LC_ALL
  cat -- *.cu *.cuh *.h build.sh | sha256sum | cut -d ' ' -f 1
}

if [ "${1:-}" = hash ]; then
  hash
  exit 0
fi
command -v nvcc >/dev/null 2>&1 || { echo "nvcc (CUDA 13) is not there" >&2; exit 1; }
# No multiply-add but those that the sources ask for: kernels that are to give the same bits do.
flags="-std=c++17 -O3 -fmad=false -Werror all-warnings"
codes="80 86 89 90a 100 120"

if [ "${1:-}" = report ]; then
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  status=0
  for code in $codes; do
    # shellcheck disable=SC2086
    nvcc $flags -gencode "arch=compute_$code,code=sm_$code" -cubin -Xptxas -v -o "$work/cubin" kernels.cu 2>&1 |
      awk -v code="sm_$code" '
        /Compiling entry/ { split($0, part, "\047"); name = part[2] }
        /stack frame/ { frame = $1; spill = $5 + $9 }
        /Used/ {
          shared = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART, RLENGTH - 11) : 0
          printf "%-8s %-24s %4d registers %4d stack %4d spilled %6d shared\n", code, name, $5, frame, spill, shared
          all += spill
        }
        /error|warning/ { print; all++ }
        END { exit all > 0 }' || status=1
  done
  exit $status
fi

set --
for code in $codes; do
  set -- "$@" -gencode "arch=compute_$code,code=sm_$code"
done
mkdir -p "$target"
# shellcheck disable=SC2086
nvcc --threads 0 $flags "$@" -gencode arch=compute_80,code=compute_80 -Xfatbin -compress-all -fatbin -o "$target/kernels.fatbin" kernels.cu
hash >"$target/kernels.sha256"
ls -l "$target/kernels.fatbin"
