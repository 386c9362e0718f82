"""From FASTQ to clean reads, with their quality before and after."""

from readsight.wiring.align import AlignWiring
from readsight.wiring.expression import ExpressionWiring
from readsight.wiring.reads import ReadsWiring

reads = ReadsWiring(project)


rule reads_lint:
    """Validate the FASTQ files of a unit: intact, one quality offset, paired mates in the same order."""
    input:
        fastqs=reads.raw_reads,
    output:
        json="<results>/reads/{sample}/{unit}.lint.json",
    log:
        "<logs>/reads_lint/{sample}.{unit}.log",
    benchmark:
        "<benchmarks>/reads_lint/{sample}.{unit}.tsv"
    priority: 10
    conda:
        "../../envs/python.yaml"
    threads: 1
    resources:
        mem_mb=mem(500),
    params:
        code=hash_code("reads_lint"),
    script:
        "../../scripts/reads_lint.py"


rule reads_trim_pe:
    """Trim adapters and low-quality ends of paired reads; only complete pairs are kept."""
    input:
        fastqs=reads.raw_reads,
        adapters=reads.adapter_fasta(paired=True),
    output:
        fastqs=temp(
            [
                "<results>/reads/{sample}/{unit}.clean_1.fastq.gz",
                "<results>/reads/{sample}/{unit}.clean_2.fastq.gz",
            ]
        ),
        log="<results>/reads/{sample}/{unit}.trim.log",
    log:
        "<logs>/reads_trim_pe/{sample}.{unit}.log",
    benchmark:
        "<benchmarks>/reads_trim_pe/{sample}.{unit}.tsv"
    wildcard_constraints:
        sample=reads.sample_constraint(paired=True),
    priority: 10
    conda:
        "../../envs/trim.yaml"
    threads: 4
    resources:
        mem_mb=mem(1500),
    params:
        code=hash_code("reads_trim_pe"),
        trim=project.config.reads.trim.model_dump(exclude={"enabled", "adapters"}),
    script:
        "../../scripts/reads_trim_pe.py"


rule reads_trim_se:
    """Trim adapters and low-quality ends of single-end reads."""
    input:
        fastqs=reads.raw_reads,
        adapters=reads.adapter_fasta(paired=False),
    output:
        fastqs=temp(["<results>/reads/{sample}/{unit}.clean_1.fastq.gz"]),
        log="<results>/reads/{sample}/{unit}.trim.log",
    log:
        "<logs>/reads_trim_se/{sample}.{unit}.log",
    benchmark:
        "<benchmarks>/reads_trim_se/{sample}.{unit}.tsv"
    wildcard_constraints:
        sample=reads.sample_constraint(paired=False),
    priority: 10
    conda:
        "../../envs/trim.yaml"
    threads: 4
    resources:
        mem_mb=mem(1500),
    params:
        code=hash_code("reads_trim_se"),
        trim=project.config.reads.trim.model_dump(exclude={"enabled", "adapters"}),
    script:
        "../../scripts/reads_trim_se.py"


rule reads_correct_pe:
    """Correct sequencing errors of paired reads."""
    input:
        fastqs=reads.reads_after_trimming,
        lint=reads.lint_file,
        fai="<results>/align/reference/genome.fa.fai",
    output:
        fastqs=temp(
            [
                "<results>/reads/{sample}/{unit}.corrected_1.fastq.gz",
                "<results>/reads/{sample}/{unit}.corrected_2.fastq.gz",
            ]
        ),
    log:
        "<logs>/reads_correct_pe/{sample}.{unit}.log",
    benchmark:
        "<benchmarks>/reads_correct_pe/{sample}.{unit}.tsv"
    wildcard_constraints:
        sample=reads.sample_constraint(paired=True),
    priority: 10
    conda:
        "../../envs/trim.yaml"
    threads: 1
    resources:
        mem_mb=AlignWiring(project).scale_memory(1000, per_base=5),
    params:
        code=hash_code("reads_correct_pe"),
        kmer=project.config.reads.correct.kmer,
    script:
        "../../scripts/reads_correct_pe.py"


rule reads_correct_se:
    """Correct sequencing errors of single-end reads."""
    input:
        fastqs=reads.reads_after_trimming,
        lint=reads.lint_file,
        fai="<results>/align/reference/genome.fa.fai",
    output:
        fastqs=temp(["<results>/reads/{sample}/{unit}.corrected_1.fastq.gz"]),
    log:
        "<logs>/reads_correct_se/{sample}.{unit}.log",
    benchmark:
        "<benchmarks>/reads_correct_se/{sample}.{unit}.tsv"
    wildcard_constraints:
        sample=reads.sample_constraint(paired=False),
    priority: 10
    conda:
        "../../envs/trim.yaml"
    threads: 1
    resources:
        mem_mb=AlignWiring(project).scale_memory(1000, per_base=5),
    params:
        code=hash_code("reads_correct_se"),
        kmer=project.config.reads.correct.kmer,
    script:
        "../../scripts/reads_correct_se.py"


rule reads_fastqc_pe:
    """Measure the quality of paired reads before and after cleaning."""
    input:
        raw=reads.raw_reads,
        clean=reads.reads_after_cleaning,
        lint=reads.lint_file,
    output:
        html=reads.fastqc_patterns(paired=True, ending="html"),
        zip=reads.fastqc_patterns(paired=True, ending="zip"),
    log:
        "<logs>/reads_fastqc_pe/{sample}.{unit}.log",
    benchmark:
        "<benchmarks>/reads_fastqc_pe/{sample}.{unit}.tsv"
    wildcard_constraints:
        sample=reads.sample_constraint(paired=True),
    conda:
        "../../envs/fastqc.yaml"
    threads: 4
    resources:
        mem_mb=mem(1500),
    params:
        code=hash_code("reads_fastqc_pe"),
    script:
        "../../scripts/reads_fastqc_pe.py"


rule reads_fastqc_se:
    """Measure the quality of single-end reads before and after cleaning."""
    input:
        raw=reads.raw_reads,
        clean=reads.reads_after_cleaning,
        lint=reads.lint_file,
    output:
        html=reads.fastqc_patterns(paired=False, ending="html"),
        zip=reads.fastqc_patterns(paired=False, ending="zip"),
    log:
        "<logs>/reads_fastqc_se/{sample}.{unit}.log",
    benchmark:
        "<benchmarks>/reads_fastqc_se/{sample}.{unit}.tsv"
    wildcard_constraints:
        sample=reads.sample_constraint(paired=False),
    conda:
        "../../envs/fastqc.yaml"
    threads: 2
    resources:
        mem_mb=mem(1000),
    params:
        code=hash_code("reads_fastqc_se"),
    script:
        "../../scripts/reads_fastqc_se.py"


rule reads_multiqc:
    """Summarise the quality of reads, alignments and calls on one page."""
    input:
        fastqc=reads.fastqc_files(),
        trim=reads.trim_logs(),
        align=AlignWiring(project).report_files(),
        calls=reads.call_statistics(),
        expression=ExpressionWiring(project).report_files(),
    output:
        html=report(
            "<results>/reads/multiqc.html",
            caption="../report/multiqc.rst",
            category="Quality",
            labels={"what": "Reads, alignments and calls (MultiQC)"},
        ),
    log:
        "<logs>/reads_multiqc/multiqc.log",
    benchmark:
        "<benchmarks>/reads_multiqc/multiqc.tsv"
    conda:
        "../../envs/multiqc.yaml"
    threads: 1
    resources:
        mem_mb=mem(1500),
    params:
        code=hash_code("reads_multiqc"),
        project=project.config.project,
    script:
        "../../scripts/reads_multiqc.py"
