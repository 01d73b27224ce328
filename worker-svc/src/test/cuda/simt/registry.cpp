// The kernels' sources, compiled for the CPU, by name. The only translation unit of theirs, so that
// one compilation checks them all.
#define COFFERDAM_SIMT
#include "../../../main/cuda/product.cu"
#include "../../../main/cuda/rows.cu"
#include "../../../main/cuda/attention.cu"
#include "../../../main/cuda/lora.cu"
#include "../../../main/cuda/sampling.cu"
#include "../../../main/cuda/blocks.cu"

namespace simt {

#ifdef __SANITIZE_THREAD__
const bool checked = true;
#else
const bool checked = false;
#endif

namespace {

#define ENTRY(name)                  \
  {                                  \
#name, simt::Call < name> ::call \
  }
const Entry ENTRIES[] = {
    ENTRY(cf_embed),
    ENTRY(cf_embed_int8),
    ENTRY(cf_embed_fp8),
    ENTRY(cf_norm),
    ENTRY(cf_gather),
    ENTRY(cf_rotate_store),
    ENTRY(cf_rotate_store_fp8),
    ENTRY(cf_gate),
    ENTRY(cf_product_8),
    ENTRY(cf_product_16),
    ENTRY(cf_product_32),
    ENTRY(cf_product_64),
    ENTRY(cf_product_128),
    ENTRY(cf_product_256),
    ENTRY(cf_product_int8_8),
    ENTRY(cf_product_int8_16),
    ENTRY(cf_product_int8_32),
    ENTRY(cf_product_int8_64),
    ENTRY(cf_product_int8_128),
    ENTRY(cf_product_fp8_8),
    ENTRY(cf_product_fp8_16),
    ENTRY(cf_product_fp8_32),
    ENTRY(cf_product_fp8_64),
    ENTRY(cf_product_fp8_128),
    ENTRY(cf_attend_small_32),
    ENTRY(cf_attend_small_64),
    ENTRY(cf_attend_small_128),
    ENTRY(cf_attend_small_256),
    ENTRY(cf_attend_large_32),
    ENTRY(cf_attend_large_64),
    ENTRY(cf_attend_large_128),
    ENTRY(cf_attend_large_256),
    ENTRY(cf_attend_small_fp8_32),
    ENTRY(cf_attend_small_fp8_64),
    ENTRY(cf_attend_small_fp8_128),
    ENTRY(cf_attend_small_fp8_256),
    ENTRY(cf_attend_large_fp8_32),
    ENTRY(cf_attend_large_fp8_64),
    ENTRY(cf_attend_large_fp8_128),
    ENTRY(cf_attend_large_fp8_256),
    ENTRY(cf_attend_small_opened_32),
    ENTRY(cf_attend_small_opened_64),
    ENTRY(cf_attend_small_opened_128),
    ENTRY(cf_attend_small_opened_256),
    ENTRY(cf_attend_large_opened_32),
    ENTRY(cf_attend_large_opened_64),
    ENTRY(cf_attend_large_opened_128),
    ENTRY(cf_attend_large_opened_256),
    ENTRY(cf_attend_small_opened_fp8_32),
    ENTRY(cf_attend_small_opened_fp8_64),
    ENTRY(cf_attend_small_opened_fp8_128),
    ENTRY(cf_attend_small_opened_fp8_256),
    ENTRY(cf_attend_large_opened_fp8_32),
    ENTRY(cf_attend_large_opened_fp8_64),
    ENTRY(cf_attend_large_opened_fp8_128),
    ENTRY(cf_attend_large_opened_fp8_256),
    ENTRY(cf_attend_merge),
    ENTRY(cf_lora_shrink),
    ENTRY(cf_lora_expand),
    ENTRY(cf_penalize),
    ENTRY(cf_sample_scan),
    ENTRY(cf_sample),
    ENTRY(cf_logprobs),
    ENTRY(cf_zero_blocks),
    ENTRY(cf_residue),
    ENTRY(cf_seal),
    ENTRY(cf_open),
    ENTRY(cf_open_verdict),
    ENTRY(cf_open_layer),
    ENTRY(cf_open_layer_verdict),
};

}  // namespace

const Entry* find(const char* name) {
  for (const Entry& entry : ENTRIES)
    if (strcmp(entry.name, name) == 0) return &entry;
  return nullptr;
}

}  // namespace simt
