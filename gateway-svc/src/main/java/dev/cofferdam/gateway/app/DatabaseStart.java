package dev.cofferdam.gateway.app;

import dev.cofferdam.gateway.tenancy.postgres.TenantDatabase;
import dev.cofferdam.vocabulary.RefusedException;
import io.agroal.api.AgroalDataSource;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.Instance;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.exception.FlywayValidateException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings the gateway's own database up where one is configured, as long as that takes; requests
 * that need none are served meanwhile.
 */
@ApplicationScoped
public class DatabaseStart {
  private static final Logger LOG = LoggerFactory.getLogger(DatabaseStart.class);
  private static final long RETRY_MS = 500;

  private final Optional<String> url;
  private final GatewayConfig config;
  private final Instance<AgroalDataSource> source;
  private final Instance<Flyway> flyway;
  private final CountDownLatch stopping = new CountDownLatch(1);

  public DatabaseStart(
      @ConfigProperty(name = "quarkus.datasource.jdbc.url") Optional<String> url,
      GatewayConfig config,
      Instance<AgroalDataSource> source,
      Instance<Flyway> flyway) {
    this.url = url;
    this.config = config;
    this.source = source;
    this.flyway = flyway;
  }

  /** The database, which answers once it is migrated; empty where none is configured. */
  Optional<TenantDatabase> open() {
    if (url.isEmpty()) {
      return Optional.empty();
    }
    TenantDatabase database = new TenantDatabase(source.get(), config.database().statementMsMax());
    Thread.ofPlatform().daemon().name("database-start").start(() -> migrate(database));
    return Optional.of(database);
  }

  void stop() {
    stopping.countDown();
  }

  private void migrate(TenantDatabase database) {
    try {
      while (!tried(database)) {
        if (stopping.await(RETRY_MS, TimeUnit.MILLISECONDS)) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether there is no sense in another try. */
  private boolean tried(TenantDatabase database) {
    try {
      flyway.get().migrate();
      List<String> problems = database.open();
      if (problems.isEmpty()) {
        LOG.info("the database is ready");
      } else {
        LOG.error("the database is not used: {}", String.join("; ", problems));
      }
      return true;
    } catch (FlywayValidateException e) {
      LOG.error(
          "the database is not used: it was migrated by another version of this service: {}",
          e.getMessage());
      return true;
    } catch (FlywayException | RefusedException e) {
      LOG.warn("the database cannot be migrated yet, trying again: {}", e.getMessage());
      return false;
    }
  }
}
