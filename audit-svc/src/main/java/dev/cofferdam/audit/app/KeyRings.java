package dev.cofferdam.audit.app;

import dev.cofferdam.audit.sealing.CachedKeys;
import dev.cofferdam.audit.sealing.KeyEncryption;
import dev.cofferdam.audit.sealing.KeyRing;
import dev.cofferdam.audit.sealing.awskms.AwsKmsKey;
import dev.cofferdam.audit.sealing.env.EnvironmentKeys;
import dev.cofferdam.audit.sealing.file.KeyFiles;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Optional;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;

/** The key-encryption keys that the settings name. */
final class KeyRings {
  private static final String FILE = "file:";
  private static final String ENVIRONMENT = "env:";
  private static final long REMEMBERED_MS = 60_000;

  private KeyRings() {}

  /**
   * Opens them; none that cannot be used gets past the start.
   *
   * @throws IllegalStateException where a key is named that there is not, or that cannot be used
   */
  static KeyRing open(AuditConfig.Audit config) {
    List<KeyEncryption> previous =
        config.kekPrevious().orElse(List.of()).stream()
            .map(name -> key(name, config.awsKmsEndpoint()))
            .toList();
    String current = config.kek().orElse(FILE + config.kekFile());
    return new KeyRing(key(current, config.awsKmsEndpoint()), previous);
  }

  private static KeyEncryption key(String name, Optional<URI> awsEndpoint) {
    if (name.startsWith(FILE)) {
      return KeyFiles.masterKey(Path.of(name.substring(FILE.length())));
    }
    if (name.startsWith(ENVIRONMENT)) {
      return EnvironmentKeys.masterKey(name.substring(ENVIRONMENT.length()), System.getenv());
    }
    if (name.startsWith(AwsKmsKey.PREFIX)) {
      return new CachedKeys(
          AwsKmsKey.open(name, DefaultCredentialsProvider.builder().build(), awsEndpoint),
          Clock.systemUTC(),
          REMEMBERED_MS);
    }
    throw new IllegalStateException(
        "cofferdam.audit.kek: " + name + " (expected: file:PATH, env:VARIABLE or aws-kms://ARN)");
  }
}
