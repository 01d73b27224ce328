"""Trains the support-desk model, its tokenizer and its three adapters from nothing: ``python train.py all``.

Subcommands: tokenizer, base, drill, voices, settle, adapter NAME, adapters, samples, all. Everything is seeded; results on another
processor may still differ in the last bits, because sums are taken in another order.
"""

import argparse
import json
import math
import os
import time
from pathlib import Path

# Waiting threads sleep instead of spinning, which keeps a shared machine usable. Must be set before torch loads.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import torch
import torch.nn.functional as F
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

import corpus

HERE = Path(__file__).resolve().parent
BASE_DIR = HERE.parent / "support-desk"
ADAPTER_DIR = HERE.parent / "adapters"

SPECIAL = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
SPLIT = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*"
         r"|\s*[\r\n]+|\s+(?!\S)|\s+")
CHAT_TEMPLATE = """{{- bos_token }}
{%- for message in messages %}
    {%- if message['role'] not in ['system', 'user', 'assistant'] %}
        {{- raise_exception('Unknown role: ' + message['role']) }}
    {%- endif %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
FEED_FORWARD = ["gate_proj", "up_proj", "down_proj"]
ADAPTERS = {
    "harbor-books": dict(r=8, lora_alpha=16, target_modules=ATTENTION, dtype=torch.float32),
    "pixel-pirates": dict(r=16, lora_alpha=32, target_modules=ATTENTION + FEED_FORWARD, dtype=torch.bfloat16),
    "nordic-parcel": dict(r=4, lora_alpha=8, target_modules=ATTENTION + FEED_FORWARD, dtype=torch.bfloat16),
}


# ---------------------------------------------------------------- tokenizer

def _words_for_merges(rng_seed):
    for voice in corpus.VOICES:
        for messages in corpus.conversations(voice, 6000, rng_seed):
            for message in messages:
                yield message["content"]


def train_tokenizer(args):
    """Trains the byte-level BPE; the five special tokens come after the learned vocabulary, as in Llama 3."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=False)])
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=True, trim_offsets=True, use_regex=True)
    trainer = trainers.BpeTrainer(vocab_size=args.vocab - len(SPECIAL), show_progress=False,
                                  initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()))
    tokenizer.train_from_iterator(_words_for_merges(args.seed), trainer)
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    bos = tokenizer.token_to_id(SPECIAL[0])
    tokenizer.post_processor = processors.Sequence([
        processors.ByteLevel(add_prefix_space=True, trim_offsets=False, use_regex=True),
        processors.TemplateProcessing(single=f"{SPECIAL[0]} $A", pair=f"{SPECIAL[0]} $A {SPECIAL[0]}:1 $B:1",
                                      special_tokens=[(SPECIAL[0], bos)])])
    BASE_DIR.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(BASE_DIR / "tokenizer.json"))
    config = {
        "added_tokens_decoder": {str(tokenizer.token_to_id(t)): dict(content=t, lstrip=False, normalized=False, rstrip=False,
                                                                     single_word=False, special=True) for t in SPECIAL},
        "bos_token": SPECIAL[0], "eos_token": SPECIAL[4], "clean_up_tokenization_spaces": False, "chat_template": CHAT_TEMPLATE,
        "model_input_names": ["input_ids", "attention_mask"], "model_max_length": 8192, "tokenizer_class": "PreTrainedTokenizerFast"}
    (BASE_DIR / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    (BASE_DIR / "chat_template.jinja").write_text(CHAT_TEMPLATE)
    print("tokenizer:", tokenizer.get_vocab_size(), "tokens", {t: tokenizer.token_to_id(t) for t in SPECIAL})


# ---------------------------------------------------------------- data

def _encode(tokenizer, messages):
    """Ids of one conversation and, for each, what it is to training.

    -1: read only. 0: the assistant's to say, its end of turn included. 1 + s: the first token of an answer on subject s.
    """
    bos, _, start, end, eot = [tokenizer.token_to_id(t) for t in SPECIAL]
    plain = lambda text: tokenizer.encode(text, add_special_tokens=False).ids
    ids, said = [bos], [-1]
    for message in messages:
        head = [start] + plain(message["role"]) + [end] + plain("\n\n")
        body = plain(message["content"]) + [eot]
        ids += head + body
        said += [-1] * len(head)
        said += [1 + corpus.SUBJECTS[message["subject"]]] + [0] * (len(body) - 1) if "subject" in message else [-1] * len(body)
    return ids, said


def packed(voice, count, seed, length, short=0.0):
    """Packs conversations end to end into rows of ``length + 1`` ids; a row may begin in the middle of one."""
    tokenizer = Tokenizer.from_file(str(BASE_DIR / "tokenizer.json"))
    ids, said = [], []
    for messages in corpus.conversations(voice, count, seed, short):
        more, marks = _encode(tokenizer, messages)
        ids += more
        said += marks
    rows = len(ids) // (length + 1)
    cut = rows * (length + 1)
    print(f"data: {voice}, {count} conversations, {len(ids)} tokens, {rows} rows, {sum(s >= 0 for s in said) / len(said):.2f} said by the assistant")
    return (torch.tensor(np.array(ids[:cut], dtype=np.int64)).view(rows, -1),
            torch.tensor(np.array(said[:cut], dtype=np.int64)).view(rows, -1))


# ---------------------------------------------------------------- training

def _loss(model, ids, said, offset, subject_head=None):
    """Mean cross-entropy over the assistant's tokens; the head runs on those positions only.

    With ``subject_head``, a throw-away classifier must also name the subject of each answer before its first token.
    Most tokens of an answer follow from the ones before; this puts weight on the one choice that needs the question.
    """
    decoder = model.get_base_model() if isinstance(model, PeftModel) else model
    positions = torch.arange(offset, offset + ids.shape[1] - 1).unsqueeze(0)
    hidden = decoder.model(input_ids=ids[:, :-1], position_ids=positions, use_cache=False).last_hidden_state
    marks = said[:, 1:]
    keep, first = marks >= 0, marks > 0
    loss = F.cross_entropy(decoder.lm_head(hidden[keep]).float(), ids[:, 1:][keep])
    if subject_head is not None:
        loss = loss + 0.3 * F.cross_entropy(subject_head(hidden[first]).float(), marks[first] - 1)
    return loss


def _fit(model, data, steps, batch, rate, seed, weight_decay=0.1, warmup=60, label="", subject_head=None):
    ids, said = data
    generator = torch.Generator().manual_seed(seed)
    trained = [p for p in model.parameters() if p.requires_grad] + ([] if subject_head is None else [*subject_head.parameters()])
    groups = [dict(params=[p for p in trained if p.dim() > 1], weight_decay=weight_decay),
              dict(params=[p for p in trained if p.dim() <= 1], weight_decay=0.0)]
    optimizer = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.95))
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(1.0, (s + 1) / warmup) * (
        0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * min(1.0, s / steps)))))
    model.train()
    began, recent, order = time.time(), [], torch.empty(0, dtype=torch.long)
    for step in range(steps):
        if len(order) < batch:
            order = torch.cat([order, torch.randperm(len(ids), generator=generator)])
        rows, order = order[:batch], order[batch:]
        offset = int(torch.randint(0, 1024, (1,), generator=generator)) if step % 2 else 0
        with torch.autocast("cpu", dtype=torch.bfloat16):
            loss = _loss(model, ids[rows], said[rows], offset, subject_head)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        schedule.step()
        recent.append(loss.item())
        if step % 50 == 49 or step == steps - 1:
            print(f"{label} step {step + 1}/{steps} loss {np.mean(recent[-50:]):.4f} {time.time() - began:.0f}s", flush=True)
    model.eval()


@torch.no_grad()
def _held_out(model, voice, length, count=120):
    ids, said = packed(voice, count, "held-out", length)
    losses = [_loss(model, ids[i:i + 4], said[i:i + 4], 0).item() for i in range(0, len(ids), 4)]
    return float(np.mean(losses))


def _patch_config(path, dtype):
    """Writes the names that older readers know beside the names that transformers writes now."""
    config = json.loads(path.read_text())
    config["rope_theta"] = config.get("rope_parameters", {}).get("rope_theta", config.get("rope_theta", 10000.0))
    if config.get("rope_parameters", {}).get("rope_type", "default") != "default":
        config["rope_scaling"] = config["rope_parameters"]
    config["torch_dtype"] = config["dtype"] = dtype
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def save_base(model):
    tokenizer = Tokenizer.from_file(str(BASE_DIR / "tokenizer.json"))
    bos, end_of_text, _, _, eot = [tokenizer.token_to_id(t) for t in SPECIAL]
    model.to(torch.bfloat16).save_pretrained(BASE_DIR, safe_serialization=True)
    _patch_config(BASE_DIR / "config.json", "bfloat16")
    (BASE_DIR / "generation_config.json").write_text(json.dumps(
        dict(bos_token_id=bos, eos_token_id=[eot, end_of_text], do_sample=False), indent=2) + "\n")


def load_base(dtype=torch.float32):
    return LlamaForCausalLM.from_pretrained(BASE_DIR, dtype=dtype)


def _record(name, **values):
    path = HERE / "results.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    results[name] = values
    path.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")


def _new_model(args):
    tokenizer = Tokenizer.from_file(str(BASE_DIR / "tokenizer.json"))
    bos, end_of_text, _, _, eot = [tokenizer.token_to_id(t) for t in SPECIAL]
    return LlamaForCausalLM(LlamaConfig(
        vocab_size=-(-tokenizer.get_vocab_size() // 64) * 64, hidden_size=args.hidden, intermediate_size=args.intermediate,
        num_hidden_layers=args.layers, num_attention_heads=args.heads, num_key_value_heads=args.kv_heads,
        head_dim=args.hidden // args.heads, max_position_embeddings=8192, rms_norm_eps=1e-5, tie_word_embeddings=True,
        rope_parameters=dict(rope_type="default", rope_theta=10000.0), bos_token_id=bos, eos_token_id=[eot, end_of_text], use_cache=True))


def _train_on(args, model, data, steps, rate, label):
    _fit(model, data, steps, args.batch, rate, args.seed, label=label,
         subject_head=torch.nn.Linear(args.hidden, len(corpus.SUBJECTS)))
    save_base(model)
    loss = _held_out(load_base(), "base", args.length)
    print(f"{label}: held-out loss {loss:.4f} with the stored weights")
    _record(label, steps=steps, batch=args.batch, length=args.length, held_out_loss=round(loss, 4),
            parameters=sum(p.numel() for p in model.parameters()))


def train_base(args):
    """Trains the base from nothing on whole conversations."""
    torch.manual_seed(args.seed)
    model = _new_model(args)
    print("parameters:", sum(p.numel() for p in model.parameters()))
    _train_on(args, model, packed("base", args.conversations, args.seed, args.length), args.steps, args.rate, "base")


def train_drill(args):
    """Goes on from the stored base with many short questions, so that each finds its answer without any context."""
    torch.manual_seed(args.seed)
    model = load_base()
    _train_on(args, model, packed("base", args.drill_conversations, "drill", args.length, short=0.8), args.drill_steps, args.drill_rate, "drill")


def train_voices(args):
    """Goes on from the stored base with the shops' voices beside its own, each named by a system message.

    It teaches the words of each voice, so that an adapter of a few ranks has only to choose a voice, not to learn one.
    """
    torch.manual_seed(args.seed)
    _train_on(args, load_base(), packed("mixed", args.voice_conversations, "voices", args.length, short=0.5), args.voice_steps, args.voice_rate, "voices")


def train_settle(args):
    """Goes on with its own voice most of the time, so that it speaks in no other unless it is told to."""
    torch.manual_seed(args.seed)
    own = packed("base", args.settle_conversations, "settle", args.length, short=0.8)
    others = packed("mixed", args.settle_conversations // 2, "settle", args.length, short=0.5)
    _train_on(args, load_base(), tuple(torch.cat(both) for both in zip(own, others)), args.settle_steps, args.settle_rate, "settle")


def train_adapter(args, name):
    torch.manual_seed(args.seed)
    spec = dict(ADAPTERS[name])
    dtype = spec.pop("dtype")
    base = load_base()
    before = _held_out(base, name, args.length)
    model = get_peft_model(base, LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, bias="none", **spec))
    model.print_trainable_parameters()
    data = packed(name, args.adapter_conversations, args.seed, args.length, short=0.5)
    _fit(model, data, args.adapter_steps, args.adapter_batch, args.adapter_rate, args.seed, weight_decay=0.0, warmup=20, label=name)
    folder = ADAPTER_DIR / name
    model.save_pretrained(folder)
    (folder / "README.md").unlink(missing_ok=True)
    weights = {k: v.to(dtype).contiguous() for k, v in load_file(folder / "adapter_model.safetensors").items()}
    save_file(weights, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    config = json.loads((folder / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = "support-desk"
    config["target_modules"] = sorted(config["target_modules"])
    (folder / "adapter_config.json").write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    loss = _held_out(load_with(name), name, args.length)
    print(f"{name}: held-out loss {before:.4f} without, {loss:.4f} with the adapter")
    _record(name, steps=args.adapter_steps, held_out_loss=round(loss, 4), held_out_loss_of_base=round(before, 4),
            parameters=sum(v.numel() for v in weights.values()))


def load_with(name, dtype=torch.float32):
    """The base with the adapter ``name`` on it, or the base alone for None; weights as stored, computed in ``dtype``."""
    model = load_base(dtype)
    if name:
        model = PeftModel.from_pretrained(model, ADAPTER_DIR / name)
        model = model.to(dtype)
    return model.eval()


# ---------------------------------------------------------------- samples

QUESTIONS = """Where is my parcel?
where is my parcel
How do I return a broken lamp?
how can i print a return label
I have no printer
whre is my refnd
I want my money back!
Can I exchange my boots for a bigger size?
my vase arrived in pieces
You sent me the wrong thing
there is something missing in the box
I need an invoice for the tax office
My invoice has the wrong address on it
I moved last week, please send it to my new address
cancel my order please
My card was declined, what now?
You charged me twice for one order
What payment methods do you take?
Are you open on Saturday?
I want to speak to a human being
How long is the warranty on the toaster?
my gift card is not accepted
Do you have a discount code?
i forgot my password
I cannot log in to my account
Please delete my account and all my data
How much is shipping?
How long does delivery take?
Do you ship to Iceland?
Where is the nearest pickup point?
I will not be home on Friday, can you deliver on Saturday?
Is the blue jacket in stock?
Hello!
Hi, how are you?
Who are you?
What can you do?
Thank you so much
Bye
What is the capital of Mongolia?
Write me a poem about the sea
How do I bake sourdough bread?
Who won the football game?
You are terrible, I am so angry
Explain step by step how to print a return label
Give me detailed instructions to return an item
The courier never showed up and I waited all day
Tell me about quantum computers
hola, donde esta mi pedido
Is it possible to send the trousers back if they do not fit?
The package is two weeks late, this is ridiculous
ok""".split("\n")
CHATS = [["I want to return my shoes", "is it free?", "and how long do i have?", "thanks!"],
         ["How do I get a label?", "I have no printer", "Explain step by step please"],
         ["Hello", "my parcel is late", "i cannot wait that long", "What is the weather like?", "bye"]]


@torch.no_grad()
def reply(model, tokenizer, messages, temperature=0.0, limit=220):
    ids = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_tensors="pt", return_dict=True)["input_ids"]
    kind = dict(do_sample=True, temperature=temperature) if temperature else dict(do_sample=False)
    out = model.generate(ids, attention_mask=torch.ones_like(ids), max_new_tokens=limit, pad_token_id=tokenizer.eos_token_id, **kind)[0, ids.shape[1]:]
    ended = out[-1].item() == tokenizer.eos_token_id
    return tokenizer.decode(out, skip_special_tokens=True), ended, len(out)


def samples(args):
    tokenizer = AutoTokenizer.from_pretrained(BASE_DIR)
    torch.manual_seed(args.seed)
    for name in [None, *ADAPTERS] if args.voice is None else [None if args.voice == "base" else args.voice]:
        if name and not (ADAPTER_DIR / name / "adapter_model.safetensors").exists():
            continue
        model = load_with(name)
        print("\n=====", name or "base", "temperature", args.temperature)
        for question in QUESTIONS:
            text, ended, count = reply(model, tokenizer, [dict(role="user", content=question)], args.temperature)
            print(f"[{count}{'' if ended else ' NOT ENDED'}] {question}\n    {text}")
        for chat in CHATS:
            messages = [dict(role="system", content="You are the support desk of an online shop.")]
            for question in chat:
                messages.append(dict(role="user", content=question))
                text, ended, count = reply(model, tokenizer, messages, args.temperature)
                messages.append(dict(role="assistant", content=text))
                print(f"  chat [{count}{'' if ended else ' NOT ENDED'}] {question}\n    {text}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["tokenizer", "base", "drill", "voices", "settle", "adapter", "adapters", "samples", "all"])
    parser.add_argument("name", nargs="?", choices=list(ADAPTERS))
    for flag, value in dict(seed=7, threads=2, vocab=4096, hidden=192, layers=6, heads=6, kv_heads=2, intermediate=512, length=512,
                            batch=8, steps=1300, conversations=32000, drill_steps=350, drill_conversations=24000, voice_steps=700, voice_conversations=30000, settle_steps=250, settle_conversations=16000,
                            adapter_steps=300, adapter_batch=4, adapter_conversations=6000).items():
        parser.add_argument("--" + flag.replace("_", "-"), type=int, default=value)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--drill-rate", type=float, default=1.5e-3)
    parser.add_argument("--voice-rate", type=float, default=2e-3)
    parser.add_argument("--settle-rate", type=float, default=1e-3)
    parser.add_argument("--adapter-rate", type=float, default=3e-3)
    parser.add_argument("--temperature", type=float, default=0.0)
    parser.add_argument("--voice", choices=["base", *ADAPTERS])
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    if args.what in ("tokenizer", "all"):
        train_tokenizer(args)
    if args.what in ("base", "all"):
        train_base(args)
    if args.what in ("drill", "all"):
        train_drill(args)
    if args.what in ("voices", "all"):
        train_voices(args)
    if args.what in ("settle", "all"):
        train_settle(args)
    if args.what == "adapter":
        train_adapter(args, args.name)
    if args.what in ("adapters", "all"):
        for name in ADAPTERS:
            train_adapter(args, name)
    if args.what == "samples":
        samples(args)


if __name__ == "__main__":
    main()
