package dev.cofferdam.mesh.executable;

import com.oracle.svm.core.annotate.Substitute;
import com.oracle.svm.core.annotate.TargetClass;

/**
 * Netty finds out at each start whether the JDK's TLS takes trust managers that it has wrapped, and
 * encrypts and decrypts a key for it: 20 000 rounds of PBKDF2. The JDK in an executable is known,
 * and does.
 */
@TargetClass(className = "io.netty.handler.ssl.JdkSslServerContext")
final class NettyWithoutTrial {
  private NettyWithoutTrial() {}

  /** Would throw if it did not. */
  @Substitute
  static void checkIfWrappingTrustManagerIsSupported() {}
}
