"""The Llama forward pass written a second time, plainly, in float64, as the yardstick for other implementations.

transformers computes its norms and its softmax in float32 whatever the model's type, so its float64 is none.
"""

import json
import math
from pathlib import Path

import torch
from safetensors.torch import load_file


def load(folder, adapter=None):
    """Config and weights of a model folder, one file or sharded, widened to float64; LoRA deltas are added in float64."""
    folder = Path(folder)
    config = json.loads((folder / "config.json").read_text())
    weights = {}
    for part in sorted(folder.glob("*.safetensors")):
        weights.update({k: v.double() for k, v in load_file(part).items()})
    if adapter:
        spec = json.loads((Path(adapter) / "adapter_config.json").read_text())
        pairs = {k: v.double() for k, v in load_file(Path(adapter) / "adapter_model.safetensors").items()}
        for key, a in pairs.items():
            if key.endswith(".lora_A.weight"):
                stem = key.removesuffix(".lora_A.weight")
                name = stem.removeprefix("base_model.model.") + ".weight"
                weights[name] = weights[name] + spec["lora_alpha"] / spec["r"] * (pairs[stem + ".lora_B.weight"] @ a)
    return config, weights


def _norm(x, weight, eps):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + eps) * weight


def _frequencies(config):
    rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
    size = config["head_dim"]
    theta = config.get("rope_theta") or rope["rope_theta"]
    frequency = theta ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
    if rope.get("rope_type") != "llama3":
        return frequency
    low, high, factor = rope["low_freq_factor"], rope["high_freq_factor"], rope["factor"]
    turns = rope["original_max_position_embeddings"] * frequency / (2 * math.pi)
    blend = ((turns - low) / (high - low)).clamp(0, 1)
    return frequency * ((1 - blend) / factor + blend)


def _rotate(x, angle):
    half = x.shape[-1] // 2
    a, b = x[..., :half], x[..., half:]
    return torch.cat([a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()], -1)


def logits(config, weights, ids):
    """Logits after the last of ``ids``: a float64 vector as long as the vocabulary."""
    heads, kv_heads, size, eps = config["num_attention_heads"], config["num_key_value_heads"], config["head_dim"], config["rms_norm_eps"]
    count = len(ids)
    angle = torch.arange(count, dtype=torch.float64)[:, None] * _frequencies(config)[None, :]
    hidden_future = torch.full((count, count), -math.inf, dtype=torch.float64).triu(1)
    x = weights["model.embed_tokens.weight"][torch.tensor(ids)]
    for layer in range(config["num_hidden_layers"]):
        w = lambda name: weights[f"model.layers.{layer}.{name}.weight"]
        h = _norm(x, w("input_layernorm"), eps)
        q = _rotate((h @ w("self_attn.q_proj").T).view(count, heads, size).transpose(0, 1), angle)
        k = _rotate((h @ w("self_attn.k_proj").T).view(count, kv_heads, size).transpose(0, 1), angle)
        v = (h @ w("self_attn.v_proj").T).view(count, kv_heads, size).transpose(0, 1)
        k, v = (t.repeat_interleave(heads // kv_heads, 0) for t in (k, v))
        share = torch.softmax(q @ k.transpose(1, 2) / math.sqrt(size) + hidden_future, -1)
        x = x + (share @ v).transpose(0, 1).reshape(count, heads * size) @ w("self_attn.o_proj").T
        h = _norm(x, w("post_attention_layernorm"), eps)
        x = x + (torch.nn.functional.silu(h @ w("mlp.gate_proj").T) * (h @ w("mlp.up_proj").T)) @ w("mlp.down_proj").T
    head = weights["model.embed_tokens.weight" if config["tie_word_embeddings"] else "lm_head.weight"]
    return head @ _norm(x[-1], weights["model.norm.weight"], eps)


def greedy(config, weights, ids, count):
    """The ``count`` ids that follow greedily, end of turn or not, and the smallest lead of a first choice over the second."""
    ids, lead = list(ids), math.inf
    for _ in range(count):
        best = logits(config, weights, ids).topk(2)
        lead = min(lead, (best.values[0] - best.values[1]).item())
        ids.append(best.indices[0].item())
    return ids[-count:], lead
