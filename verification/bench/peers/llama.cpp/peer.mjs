// llama.cpp on a GGUF file of the bench's random model. For each line that it reads it measures once: tokens per second of
// a decode at batch 1 after 16 tokens, of a prompt of 512 tokens, and of 16 sequences side by side, tokens chosen greedily.
// Arguments: the file, the threads.
import {createInterface} from "node:readline";
import {getLlama} from "node-llama-cpp";

const PROMPT = 16;
const DECODE = 24;
const PREFILL = 512;
const BATCH = 16;

const threads = Number(process.argv[3]);
const llama = await getLlama({gpu: false, build: "never", skipDownload: true, maxThreads: threads, logLevel: "error"});
const model = await llama.loadModel({modelPath: process.argv[2], gpuLayers: 0});
const single = await model.createContext({contextSize: 1024, batchSize: PREFILL, threads});
const many = await model.createContext({contextSize: 64, sequences: BATCH, batchSize: BATCH * PROMPT, threads});

const prompt = (tokens) => Array.from({length: tokens}, (_, i) => 3 + i * 31 % 31_000);

/** Seconds from the first token's arrival to the last one's, and from the call to the first. */
async function generate(sequence, promptTokens, tokens) {
  const begun = performance.now();
  let first = 0;
  let count = 0;
  for await (const _ of sequence.evaluate(prompt(promptTokens), {temperature: 0, yieldEogToken: true})) {
    if (count === 0) {
      first = performance.now();
    }
    if (++count === tokens) {
      break;
    }
  }
  await sequence.clearHistory();
  return {first: (first - begun) / 1e3, firstAt: first, rest: (performance.now() - first) / 1e3, endAt: performance.now()};
}

const alone = single.getSequence();
const sequences = Array.from({length: BATCH}, () => many.getSequence());

async function measure() {
  const decode = DECODE / (await generate(alone, PROMPT, DECODE + 1)).rest;
  const prefill = PREFILL / (await generate(alone, PREFILL, 1)).first;
  const all = await Promise.all(sequences.map((sequence) => generate(sequence, PROMPT, DECODE + 1)));
  const seconds = (Math.max(...all.map((one) => one.endAt)) - Math.max(...all.map((one) => one.firstAt))) / 1e3;
  return `${decode} ${prefill} ${BATCH * DECODE / seconds}`;
}

console.log("ready");
for await (const _ of createInterface({input: process.stdin})) {
  console.log(await measure());
}
process.exit(0);
