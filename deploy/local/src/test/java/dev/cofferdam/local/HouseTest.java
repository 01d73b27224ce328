package dev.cofferdam.local;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class HouseTest {
  private static final String ROOT = "dev.cofferdam.local";
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages(ROOT);

  @Test
  void packagesHaveNoCycles() {
    slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void theCommandsAreAtTheTop() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + ".command..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage(ROOT + ".command..")
        .check(CLASSES);
  }

  @Test
  void eachStoreIsKnownByItsOwnPackageAlone() {
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + ".kafka..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("org.apache.kafka..", "kafka..")
        .check(CLASSES);
    noClasses()
        .that()
        .resideOutsideOfPackage(ROOT + ".postgres..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage("java.sql..", "org.postgresql..")
        .check(CLASSES);
  }

  @Test
  void theServicesAreKnownByTheirContractsAlone() {
    noClasses()
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.cofferdam.gateway..",
            "dev.cofferdam.router..",
            "dev.cofferdam.scheduler..",
            "dev.cofferdam.worker..",
            "dev.cofferdam.metering..",
            "dev.cofferdam.audit..")
        .check(CLASSES);
  }
}
