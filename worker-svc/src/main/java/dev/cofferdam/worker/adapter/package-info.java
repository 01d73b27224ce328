/** LoRA adapters as PEFT writes them, checked against the model that they are for. */
@NullMarked
package dev.cofferdam.worker.adapter;

import org.jspecify.annotations.NullMarked;
