// All kernels, for one fat binary.
#include "attention.cu"
#include "blocks.cu"
#include "lora.cu"
#include "product.cu"
#include "rows.cu"
#include "sampling.cu"
