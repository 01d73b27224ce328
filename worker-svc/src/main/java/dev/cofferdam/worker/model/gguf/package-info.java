/** Models in GGUF files: metadata, tensors and built-in tokenizer, read as hostile input. */
@NullMarked
package dev.cofferdam.worker.model.gguf;

import org.jspecify.annotations.NullMarked;
