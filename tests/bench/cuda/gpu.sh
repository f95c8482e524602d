#!/bin/sh
# gpu.sh BUILD: run on a machine with an NVIDIA GPU and a build of the preset cuda. The plugin's tests on the real device, its times
# beside the processor's, and, with two GPUs or more, a training by NCCL beside the same through the processors' memory.
set -eu
build=$1 folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
cmake --build "$build" --target bench_cuda test_plugins_cuda sensorium cuda oct_hrf
"$build/bin/test_plugins_cuda" --gtest_filter='RealGpu.*'
SENSORIUM_ROOT="$build" "$build/bin/bench_cuda"
gpus=$("$build/bin/sensorium" devices | grep -c '^cuda:' || true)
[ "$gpus" -ge 2 ] || { echo "NCCL: not measured, $gpus GPU"; exit 0; }
# One rank of batch 8 and two of batch 4 see the same samples; each prints its transport and its time.
for run in "one 1 8 auto" "nccl 2 4 nccl" "host 2 4 host"; do
  set -- $run
  start=$(date +%s.%N)
  SENSORIUM_RANK_TRANSPORT=$4 "$build/bin/sensorium" train oct_hrf -o "$folder/$1" --device cuda --ranks "$2" --batch_size "$3" --steps 200 \
    --seeds 4 --validation_seeds 1 2>&1 | grep -iE 'loss|error' | tail -n 2
  cat "$folder/$1/run/transport.txt" 2>/dev/null || true
  echo "$1: $(echo "$(date +%s.%N) - $start" | bc) s"
done
