"""From clean RNA reads to one CRAM per sample: spliced alignment."""

from readsight.wiring.expression import STAR_INDEX, ExpressionWiring


rule align_index_star:
    """Build the STAR index with the annotated junctions; projects with the same genome and annotation can share it."""
    input:
        fasta="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        gtf="<results>/expression/reference/genes.gtf",
    output:
        index=multiext(ExpressionWiring(project).star_folder, *STAR_INDEX),
    log:
        "<logs>/align_index_star/star.log",
    priority: 20
    cache: ExpressionWiring.shares_indexes()
    conda:
        "../../envs/star.yaml"
    threads: project.config.align.threads
    resources:
        mem_mb=align.scale_memory(2000, per_base=11),
    params:
        code=hash_code("align_index_star"),
    script:
        "../../scripts/align_index_star.py"


rule align_star:
    """Align the RNA of a sample with STAR, count its genes, mark duplicates, and write CRAM, in one stream."""
    input:
        fastqs=ReadsWiring(project).sample_reads,
        lints=ReadsWiring(project).sample_lints,
        index=ExpressionWiring(project).star_index(),
        fasta="<results>/align/reference/genome.fa",
        fai="<results>/align/reference/genome.fa.fai",
        dict="<results>/align/reference/genome.dict",
    output:
        cram="<results>/align/{sample}.cram",
        crai="<results>/align/{sample}.cram.crai",
        flagstat="<results>/align/{sample}.flagstat.txt",
        duplicates="<results>/align/{sample}.duplicates.txt",
        log="<results>/align/{sample}.Log.final.out",
        junctions="<results>/align/{sample}.junctions.tsv",
        counts="<results>/expression/{sample}.star.tsv",
    log:
        "<logs>/align_star/{sample}.log",
    benchmark:
        "<benchmarks>/align_star/{sample}.tsv"
    wildcard_constraints:
        sample=align.sample_constraint("star"),
    priority: 10
    conda:
        "../../envs/star.yaml"
    threads: project.config.align.threads
    resources:
        mem_mb=align.scale_memory(3500, per_base=10),
    params:
        code=hash_code("align_star"),
        groups=align.read_groups,
        mates=align.mates_per_unit,
        mark_duplicates=project.config.align.mark_duplicates,
        min_mapped=project.config.align.min_mapped,
        two_pass=ExpressionWiring(project).expression.two_pass,
    script:
        "../../scripts/align_star.py"
