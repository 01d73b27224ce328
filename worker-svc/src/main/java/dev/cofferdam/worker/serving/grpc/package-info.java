/** WorkerService: grants and token ids in, a stream of tokens out. */
@NullMarked
package dev.cofferdam.worker.serving.grpc;

import org.jspecify.annotations.NullMarked;
