/** Reads prompt formats from Hugging Face model folders. */
@NullMarked
package dev.cofferdam.gateway.prompt.huggingface;

import org.jspecify.annotations.NullMarked;
