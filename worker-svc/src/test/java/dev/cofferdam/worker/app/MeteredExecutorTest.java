package dev.cofferdam.worker.app;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.worker.execution.BlockKey;
import dev.cofferdam.worker.execution.ModelExecutor;
import java.lang.reflect.Proxy;
import java.security.SecureRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class MeteredExecutorTest {
  private static final long CALL_NS = 7;

  private final AtomicLong nowNs = new AtomicLong();
  private final MeteredExecutor.Overhead overhead = new MeteredExecutor.Overhead();

  /** Each of its calls takes the same time. */
  private final ModelExecutor slow =
      (ModelExecutor)
          Proxy.newProxyInstance(
              ModelExecutor.class.getClassLoader(),
              new Class<?>[] {ModelExecutor.class},
              (proxy, method, arguments) -> {
                nowNs.addAndGet(CALL_NS);
                return method.getReturnType() == boolean.class ? (Object) true : null;
              });

  private final MeteredExecutor executor = new MeteredExecutor(slow, overhead, nowNs::get);

  @Test
  void eachMechanismIsCountedByItself() {
    BlockKey key = BlockKey.random(new SecureRandom());

    executor.zeroBlocks(new int[] {1, 2}, 2);
    executor.sealBlock(1, key, 1);
    executor.endSealing();
    executor.openBlock(1, key, 1);

    assertThat(overhead.zeroingNs.sum()).isEqualTo(CALL_NS);
    assertThat(overhead.encryptionNs.sum()).isEqualTo(3 * CALL_NS);
    assertThat(overhead.adaptersNs.sum()).isZero();
  }
}
