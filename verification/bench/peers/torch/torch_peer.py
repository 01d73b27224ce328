"""What PyTorch reaches on the same device: the rate of large BF16 matrix products, and greedy decoding by transformers
(SDPA, a static cache, compiled where that works) of a model of random weights in the shape of Llama 3 8B.

Argument: the file for the figures, a JSON object.
"""
import json
import sys
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM, StaticCache

PROMPT, STEPS, WARM = 128, 64, 12


def seconds(work, times):
    """Seconds that the device takes for one call."""
    for _ in range(3):
        work()
    torch.cuda.synchronize()
    begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    begin.record()
    for _ in range(times):
        work()
    end.record()
    torch.cuda.synchronize()
    return begin.elapsed_time(end) / 1e3 / times


def matmul():
    n = 8192
    a = torch.randn(n, n, device="cuda", dtype=torch.bfloat16)
    b = torch.randn(n, n, device="cuda", dtype=torch.bfloat16)
    return 2 * n**3 / seconds(lambda: a @ b, 20) / 1e12


def llama():
    config = LlamaConfig(
        vocab_size=128256, hidden_size=4096, intermediate_size=14336, num_hidden_layers=32, num_attention_heads=32,
        num_key_value_heads=8, max_position_embeddings=16384, rms_norm_eps=1e-5, rope_theta=500000.0,
        tie_word_embeddings=False)
    config._attn_implementation = "sdpa"
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("meta"):
        model = LlamaForCausalLM(config)
    model = model.to_empty(device="cuda")
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(0, 0.02)
    inverse = 1.0 / (500000.0 ** (torch.arange(0, 128, 2, device="cuda", dtype=torch.float32) / 128))
    for module in model.modules():  # what is no parameter was left empty
        for name in ("inv_freq", "original_inv_freq"):
            if hasattr(module, name):
                setattr(module, name, inverse.clone())
    return model.eval(), config


def rate(model, config, step, batch):
    """Tokens per second of a batch, prompts left aside."""
    cache = StaticCache(config=config, max_cache_len=PROMPT + STEPS + WARM + 1, max_batch_size=batch, device="cuda",
                        dtype=torch.bfloat16)
    ids = torch.randint(0, config.vocab_size, (batch, PROMPT), device="cuda")
    position = torch.arange(PROMPT, device="cuda")
    out = model(ids, past_key_values=cache, cache_position=position, use_cache=True)
    token = out.logits[:, -1:].argmax(-1)
    begun = 0.0
    for i in range(STEPS + WARM):
        if i == WARM:
            torch.cuda.synchronize()
            begun = time.perf_counter()
        token = step(token, cache, torch.tensor([PROMPT + i], device="cuda")).clone()
    torch.cuda.synchronize()
    return batch * STEPS / (time.perf_counter() - begun)


@torch.no_grad()
def main():
    figures = {"matmul_tflop_s": matmul()}
    print(f"matmul_tflop_s {figures['matmul_tflop_s']:.0f}", flush=True)
    model, config = llama()

    def plain(token, cache, position):
        out = model(token, past_key_values=cache, cache_position=position, use_cache=True)
        return out.logits[:, -1:].argmax(-1)

    ways = [("eager", plain), ("compiled", torch.compile(plain, mode="reduce-overhead", fullgraph=False))]
    for name, step in ways:
        try:
            value = rate(model, config, step, 16)
        except Exception as e:  # a version of transformers that cannot be compiled, or wants other arguments
            print(f"{name}: {type(e).__name__}: {e}", file=sys.stderr)
            continue
        print(f"decode_b16_tok_s, {name}: {value:.0f}", flush=True)
        figures["decode_b16_tok_s"] = max(value, figures.get("decode_b16_tok_s", 0.0))
    with open(sys.argv[1], "w") as file:
        json.dump(figures, file)


main()
