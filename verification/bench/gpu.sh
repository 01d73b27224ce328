#!/usr/bin/env bash
# Proves and measures the CUDA executor on a machine with an NVIDIA device, in under ten minutes.
#
#   verification/bench/gpu.sh prepare   on a machine with the JDK, after ./cofferdam build: puts a small Java runtime and
#                                       the worker's classes into .local/gpu, for a machine without a JDK
#   verification/bench/gpu.sh [FOLDER]  on the machine with the device: runs everything, prints one table, and leaves
#                                       logs and figures in FOLDER (default .local/gpu/results)
#
# Where python3 has PyTorch, the rate of matrix products and transformers' decoding are measured beside ours;
# where compute-sanitizer is there, it watches a small run.
set -euo pipefail
cd "$(dirname "$0")/../.."
home=$PWD/.local/gpu
app=$home/app

prepare() {
  : "${JAVA_HOME:?set JAVA_HOME to a JDK 25}"
  local built=worker-svc/target/quarkus-app
  [ -f "$built/quarkus-run.jar" ] || { echo "gpu.sh: build first (./cofferdam build)" >&2; exit 1; }
  rm -rf "$home"
  mkdir -p "$app"
  "$JAVA_HOME/bin/jlink" --output "$home/runtime" --strip-debug --no-header-files --no-man-pages --compress zip-9 \
    --add-modules java.base,java.logging,java.management,java.naming,java.xml,jdk.incubator.vector,jdk.unsupported
  local jar
  for jar in "$built"/app/*.jar "$built"/lib/main/*.jar "$built"/lib/boot/*.jar; do
    case ${jar##*/} in
      worker-svc*|*cofferdam-proto*|com.fasterxml.jackson.core*|org.jcuda*|org.slf4j*|org.jspecify*|*jboss-logmanager*|*slf4j-jboss*|*jboss.logging*|*smallrye-common-*|com.google.protobuf.protobuf-java-*|*wildfly.common*)
        cp "$jar" "$app" ;;
    esac
  done
  # Of JCuda's libraries only the driver's is used.
  (cd "$app" && jar=$(echo org.jcuda.jcuda-natives-*.jar) && "$JAVA_HOME/bin/jar" xf "$jar" lib && rm "$jar" &&
    "$JAVA_HOME/bin/jar" cf jcuda-driver.jar lib/libJCudaDriver-* && rm -r lib)
  if command -v strip >/dev/null; then
    strip --strip-unneeded "$home"/runtime/lib/*.so "$home"/runtime/lib/server/*.so
  fi
  if command -v g++ >/dev/null; then
    worker-svc/src/test/cuda/build.sh "$home/kernels"
  fi
  du -sm "$home" | awk '{ print "gpu.sh: " $1 " MB in .local/gpu" }'
}

if [ "${1:-}" = prepare ]; then
  prepare
  exit
fi

results=${1:-$home/results}
mkdir -p "$results"
java=$home/runtime/bin/java
[ -x "$java" ] || java=${JAVA_HOME:+$JAVA_HOME/bin/}java
[ -d "$app" ] || { echo "gpu.sh: run 'gpu.sh prepare' first" >&2; exit 1; }
run=("$java" -Xmx8g --add-modules=jdk.incubator.vector --enable-native-access=ALL-UNNAMED
  --sun-misc-unsafe-memory-access=allow -cp "$app/*")

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader || true

status=0
kernels=("$home/kernels/kernels_test" --device
  worker-svc/src/main/resources/dev/cofferdam/worker/execution/cuda/kernels.fatbin all)
if [ -x "${kernels[0]}" ]; then
  echo "== each kernel on the device beside double precision"
  timeout 120 "${kernels[@]}" >"$results/kernels.log" || status=1
  grep -v ' s  ' "$results/kernels.log" || echo "all of $(wc -l <"$results/kernels.log") tests"
fi

echo "== the demo model on the device, the CPU, and in double precision"
tokens=1,2,3,4,5,6,7,8
while read -r executor dtype kv; do
  "${run[@]}" dev.cofferdam.worker.app.Logits models/support-desk --tokens "$tokens" --greedy 32 --dtype "$dtype" --kv "$kv" \
    --executor "$executor" >"$results/logits-$executor-$dtype-$kv.json" </dev/null || status=1
done <<'RUNS'
cuda bf16 bf16
cpu bf16 bf16
reference f32 f32
cuda int8 bf16
cpu int8 bf16
cuda fp8 bf16
cuda bf16 fp8
RUNS
python3 - "$results" <<'PYTHON' || status=1
import json, math, sys
read = lambda name: json.load(open(f"{sys.argv[1]}/logits-{name}.json"))
reference = read("reference-f32-f32")["logits"]
size = math.sqrt(sum(b * b for b in reference))
good = True
for kept, most in (("bf16-bf16", 1e-2), ("int8-bf16", 5e-2), ("fp8-bf16", 1e-1), ("bf16-fp8", 5e-2)):
    logits = read(f"cuda-{kept}")["logits"]
    error = math.sqrt(sum((a - b) ** 2 for a, b in zip(logits, reference))) / size
    good &= error < most
    print(f"{kept}: logits beside double precision: {error:.2e} of their size", "" if error < most else f"(MORE THAN {most})")
for kept in "bf16-bf16", "int8-bf16":
    same = read(f"cuda-{kept}")["greedy"] == read(f"cpu-{kept}")["greedy"]
    good &= same
    print(f"{kept}: greedy text:", "the CPU's" if same else "ANOTHER THAN THE CPU'S")
sys.exit(0 if good else 1)
PYTHON

if command -v compute-sanitizer >/dev/null; then
  for tool in memcheck racecheck; do
    echo "== compute-sanitizer $tool"
    timeout 150 compute-sanitizer --tool "$tool" --error-exitcode 9 "${run[@]}" dev.cofferdam.worker.app.bench.GpuBench \
      "$results/small.json" small >"$results/$tool.log" 2>&1 || status=1
    tail -1 "$results/$tool.log"
    [ -x "${kernels[0]}" ] || continue
    timeout 120 compute-sanitizer --tool "$tool" --error-exitcode 9 "${kernels[@]}" >"$results/kernels-$tool.log" 2>&1 || status=1
    tail -1 "$results/kernels-$tool.log"
  done
fi

properties=()
if python3 -c 'import torch, transformers' 2>/dev/null; then
  echo "== PyTorch"
  if timeout 240 python3 verification/bench/peers/torch/torch_peer.py "$results/torch.json"; then
    properties=("-Dcofferdam.bench.torch=$results/torch.json")
  fi
fi

echo "== the bench"
"${run[@]:0:1}" "${properties[@]}" "${run[@]:1}" dev.cofferdam.worker.app.bench.GpuBench "$results/gpu.json" || status=1
exit $status
