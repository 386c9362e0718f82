from readsight.wiring.demo import DemoWiring

demo = DemoWiring(project)


if project.config.demo:

    rule demo_genome:
        """Simulate a genome with genes, regulatory elements and repeats."""
        input:
            factors=demo.factors,
            splice=demo.splice,
        output:
            fasta="<results>/demo/genome.fa",
            genes="<results>/demo/genes.gtf",
            elements="<results>/demo/elements.bed",
            motifs="<results>/demo/motifs.bed",
            duplicated="<results>/demo/duplicated.bed",
            missing="<results>/demo/missing.fa",
            truth="<results>/demo/genome.json",
        params:
            code=hash_code("demo_genome"),
            seed=project.config.seed,
            chromosomes=demo.settings.chromosomes,
            length=demo.settings.length,
        log:
            "<logs>/demo_genome.log",
        benchmark:
            "<benchmarks>/demo_genome.tsv"
        conda:
            "../../envs/simulate.yaml"
        threads: 1
        resources:
            mem_mb=mem(1000),
        script:
            "../../scripts/demo_genome.py"

    rule demo_donors:
        """Simulate the variants of the donors, which determine who is a case."""
        input:
            fasta="<results>/demo/genome.fa",
            genome="<results>/demo/genome.json",
            duplicated="<results>/demo/duplicated.bed",
            factors=demo.factors,
        output:
            truth_vcf="<results>/demo/truth.vcf.gz",
            truth_index="<results>/demo/truth.vcf.gz.tbi",
            structural="<results>/demo/structural.vcf.gz",
            structural_index="<results>/demo/structural.vcf.gz.tbi",
            known="<results>/demo/known_sites.vcf.gz",
            known_index="<results>/demo/known_sites.vcf.gz.tbi",
            population="<results>/demo/population.vcf.gz",
            population_index="<results>/demo/population.vcf.gz.tbi",
            clinvar="<results>/demo/clinvar.vcf.gz",
            clinvar_index="<results>/demo/clinvar.vcf.gz.tbi",
            truth="<results>/demo/truth.json",
        params:
            code=hash_code("demo_donors"),
            seed=project.config.seed,
            cohort=demo.donors_and_labels,
            rna=demo.rna_samples,
            snv_rate=demo.settings.snv_rate,
            indel_rate=demo.settings.indel_rate,
            structural=demo.settings.structural,
        log:
            "<logs>/demo_donors.log",
        benchmark:
            "<benchmarks>/demo_donors.tsv"
        conda:
            "../../envs/simulate.yaml"
        threads: 1
        resources:
            mem_mb=mem(1000),
        script:
            "../../scripts/demo_donors.py"

    rule demo_library:
        """Simulate a library of synthetic elements, and their activity with a known measurement error."""
        input:
            factors=demo.factors,
        output:
            library="<results>/demo/library.tsv",
            truth="<results>/demo/library.truth.tsv",
        params:
            code=hash_code("demo_library"),
            seed=project.config.seed,
            size=demo.settings.library,
        log:
            "<logs>/demo_library.log",
        benchmark:
            "<benchmarks>/demo_library.tsv"
        conda:
            "../../envs/simulate.yaml"
        threads: 1
        resources:
            mem_mb=mem(1000),
        script:
            "../../scripts/demo_library.py"

    rule demo_effects:
        """Simulate variants with known effects on regulation and splicing, each with a neutral control."""
        input:
            fasta="<results>/demo/genome.fa",
            genome="<results>/demo/genome.json",
            factors=demo.factors,
            splice=demo.splice,
        output:
            regulatory="<results>/demo/effects.regulatory.vcf.gz",
            regulatory_index="<results>/demo/effects.regulatory.vcf.gz.tbi",
            splice="<results>/demo/effects.splice.vcf.gz",
            splice_index="<results>/demo/effects.splice.vcf.gz.tbi",
        params:
            code=hash_code("demo_effects"),
            seed=project.config.seed,
        log:
            "<logs>/demo_effects.log",
        benchmark:
            "<benchmarks>/demo_effects.tsv"
        conda:
            "../../envs/simulate.yaml"
        threads: 1
        resources:
            mem_mb=mem(1000),
        script:
            "../../scripts/demo_effects.py"

    rule demo_reads:
        """Simulate sequencing of the genome of a donor."""
        input:
            fasta="<results>/demo/genome.fa",
            missing="<results>/demo/missing.fa",
            truth="<results>/demo/truth.json",
            truth_vcf="<results>/demo/truth.vcf.gz",
            structural="<results>/demo/structural.vcf.gz",
        output:
            fastq_1="<results>/demo/reads/{sample}.{unit}_1.fastq.gz",
            fastq_2="<results>/demo/reads/{sample}.{unit}_2.fastq.gz",
        wildcard_constraints:
            sample=demo.sample_constraint(rna=False),
            unit=demo.unit_constraint,
        params:
            code=hash_code("demo_reads"),
            seed=project.config.seed,
            rank=demo.batch_rank,
            lane=demo.lane_number,
            coverage=demo.unit_coverage,
            read_length=demo.settings.read_length,
        log:
            "<logs>/demo_reads/{sample}.{unit}.log",
        benchmark:
            "<benchmarks>/demo_reads/{sample}.{unit}.tsv"
        conda:
            "../../envs/simulate.yaml"
        threads: 1
        resources:
            mem_mb=mem(1500),
        script:
            "../../scripts/demo_reads.py"

    rule demo_expression:
        """Simulate the expression of the RNA samples: factors, label, batch, variants of regulatory sites, noise."""
        input:
            fasta="<results>/demo/genome.fa",
            truth="<results>/demo/truth.json",
            truth_vcf="<results>/demo/truth.vcf.gz",
            structural="<results>/demo/structural.vcf.gz",
            factors=demo.factors,
        output:
            levels="<results>/demo/expression.tsv",
            alleles="<results>/demo/alleles.tsv",
            truth="<results>/demo/expression.json",
            regulons="<results>/demo/regulons.gmt",
        params:
            code=hash_code("demo_expression"),
            seed=project.config.seed,
            cohort=demo.rna_factors,
            batches=demo.batch_names,
        log:
            "<logs>/demo_expression.log",
        benchmark:
            "<benchmarks>/demo_expression.tsv"
        conda:
            "../../envs/simulate.yaml"
        threads: 1
        resources:
            mem_mb=mem(1000),
        script:
            "../../scripts/demo_expression.py"

    rule demo_reads_rna:
        """Simulate sequencing of the transcripts of a sample."""
        input:
            fasta="<results>/demo/genome.fa",
            truth="<results>/demo/truth.json",
            truth_vcf="<results>/demo/truth.vcf.gz",
            structural="<results>/demo/structural.vcf.gz",
            alleles="<results>/demo/alleles.tsv",
        output:
            fastq_1="<results>/demo/reads/{sample}.{unit}_1.fastq.gz",
            fastq_2="<results>/demo/reads/{sample}.{unit}_2.fastq.gz",
        wildcard_constraints:
            sample=demo.sample_constraint(rna=True),
            unit=demo.unit_constraint,
        params:
            code=hash_code("demo_reads_rna"),
            seed=project.config.seed,
            rank=demo.batch_rank,
            lane=demo.lane_number,
            pairs=demo.unit_read_pairs,
            read_length=demo.settings.read_length,
        log:
            "<logs>/demo_reads_rna/{sample}.{unit}.log",
        benchmark:
            "<benchmarks>/demo_reads_rna/{sample}.{unit}.tsv"
        conda:
            "../../envs/simulate.yaml"
        threads: 1
        resources:
            mem_mb=mem(1000),
        script:
            "../../scripts/demo_reads_rna.py"
